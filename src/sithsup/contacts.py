"""Whom to ask: the one place that knows it.

* The deputy issuer before and during the upgrade, local IT support after it.
* Those of the holder's own organisation, as the card shows it; of everybody's where no card was read, or where the
  campaign does not list the organisation.
* A campaign that knows nobody by name says so (`NOBODY`): then a person's own organisation is who knows.
* What the organisation itself has set up (`deputy_issuer` and `local_it` of the settings) goes before the campaign.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sithsup.errors import Contact
from sithsup.texts import mark, tr

if TYPE_CHECKING:
    from sithsup.campaign import Campaign

NOBODY = "-"
"""The name in a campaign that cannot know whom each organisation has."""
CONTACT_TEXTS = {
    Contact.DEPUTY_ISSUER: mark("Your deputy issuer: {contact}"),
    Contact.LOCAL_IT: mark("Your local IT support: {contact}"),
}
NOBODY_TEXTS = {
    Contact.DEPUTY_ISSUER: mark("Your organisation knows who your deputy issuer is."),
    Contact.LOCAL_IT: mark("Your organisation knows how you reach your local IT support."),
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
    """Who is to be asked, on one line; empty where neither the organisation nor a campaign knows.

    `hsa_id` is the holder's (`CardContents.hsa_id`), None where no card was read.
    """
    mine = own.deputy_issuer if who is Contact.DEPUTY_ISSUER else own.local_it
    if mine or campaign is None:
        return mine or ""
    contacts = campaign.contacts.of(hsa_id)
    found = contacts.deputy_issuer if who is Contact.DEPUTY_ISSUER else contacts.local_it
    return "" if found.name == NOBODY else str(found)


def contact_line(who: Contact, campaign: Campaign | None, hsa_id: str | None, own: Own = NOT_SET_UP) -> str:
    """The same as a sentence for the person who asks; empty where there is no campaign to know."""
    if name := whom(who, campaign, hsa_id, own):
        return tr(CONTACT_TEXTS[who], contact=name)
    return tr(NOBODY_TEXTS[who]) if campaign else ""
