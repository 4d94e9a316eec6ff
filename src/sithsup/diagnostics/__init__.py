"""The diagnosis: what support asks for, found out by probes of which each fails alone, and safe to hand on.

* `scene` is what the probes look at together: settings, campaign, card, time. Whoever needs a part first finds it out.
* `probes` are the questions, one module for each part of the world; `probes.ALL` is the list, and the tree on screen.
* `probe` runs them side by side, none of them for longer than `EACH` seconds.
* `values` is the whitelist: whatever stands in a result is of a kind that cannot be a secret, or text from outside,
  from which everything that could be one is blotted before it is handed on.
* `document` is the whole, as it is handed on.
* `problem` is what is wrong, by the code or the name that the catalogue of errors has.

No code is asked for, nothing is written to a card, and a card that another program is at work with is left in peace.
"""

from sithsup.diagnostics.probe import Group, Probe, Result, Status
from sithsup.diagnostics.problem import Problem
from sithsup.diagnostics.values import Fact

__all__ = ["Fact", "Group", "Probe", "Problem", "Result", "Status"]
