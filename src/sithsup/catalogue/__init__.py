"""The catalogue of errors: what each says, under the four headings that a help desk knows.

* Error message, cause, remedy, contact: read off the tables that tell them to a person, the errors' own texts, the
  reasons of `eligibility` and the warnings of `preflight`. Nothing of that is written a second time.
* An error has a code. Several kinds may share one; each is an entry of its own.
* A reason is told with SU-5001, and its name with that: what support hears is “SU-5001 (PIN_LOCKED)”. A warning stops
  nobody and has but its name.
* A reason or a warning is told in a sentence or two. What help desks want besides, a cause and a remedy, stands in
  `explained`.
"""

from sithsup.catalogue.entries import STAND_INS, Entry, Remedy, entries, matching

__all__ = ["STAND_INS", "Entry", "Remedy", "entries", "matching"]
