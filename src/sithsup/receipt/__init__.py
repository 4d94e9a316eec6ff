"""The receipt (kvittens) of a finished upgrade.

`receipt` makes the value from what is seen, `words` says it section by section, `views` are text, page and data of
it, `store` puts it on the disk, `active_directory` knows what Active Directory calls a certificate.
"""

from sithsup.receipt.active_directory import alt_security_identity
from sithsup.receipt.receipt import Entry, Mapping, Receipt, make_receipt
from sithsup.receipt.store import FOLDER, Saved, save, saved_page
from sithsup.receipt.views import as_data, as_html, as_text

__all__ = [
    "FOLDER",
    "Entry",
    "Mapping",
    "Receipt",
    "Saved",
    "alt_security_identity",
    "as_data",
    "as_html",
    "as_text",
    "make_receipt",
    "save",
    "saved_page",
]
