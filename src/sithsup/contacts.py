"""Whom to ask: the one place that knows it.

* The deputy issuer before and during the upgrade, local IT support after it.
* Those of the holder's own organisation, as the card shows it; of everybody's where no card was read, or where the
  campaign does not list the organisation.
* What the organisation itself has set up (`deputy_issuer` and `local_it` of the settings) goes before the campaign.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sithsup.errors import Contact
from sithsup.texts import mark, tr

if TYPE_CHECKING:
    from sithsup.campaign import Campaign

CONTACT_TEXTS = {
    Contact.DEPUTY_ISSUER: mark("Your deputy issuer: {contact}"),
    Contact.LOCAL_IT: mark("Your local IT support: {contact}"),
}


class Own(Protocol):
    """What an organisation has set up itself; the settings are one."""

    @property
    def deputy_issuer(self) -> str | None: ...

    @property
    def local_it(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class OwnContacts:
    """The same, alone; nothing is set up unless it is said."""

    deputy_issuer: str | None = None
    local_it: str | None = None


NOT_SET_UP = OwnContacts()


def whom(who: Contact, campaign: Campaign | None, hsa_id: str | None, own: Own = NOT_SET_UP) -> str:
    """Who is to be asked, on one line; empty where neither the organisation nor a campaign says so.

    `hsa_id` is the holder's (`CardContents.hsa_id`), None where no card was read.
    """
    mine = own.deputy_issuer if who is Contact.DEPUTY_ISSUER else own.local_it
    if mine or campaign is None:
        return mine or ""
    contacts = campaign.contacts.of(hsa_id)
    return str(contacts.deputy_issuer if who is Contact.DEPUTY_ISSUER else contacts.local_it)


def contact_line(who: Contact, campaign: Campaign | None, hsa_id: str | None, own: Own = NOT_SET_UP) -> str:
    """The same as a sentence for the person who asks."""
    name = whom(who, campaign, hsa_id, own)
    return tr(CONTACT_TEXTS[who], contact=name) if name else ""
