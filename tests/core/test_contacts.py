"""Whom to ask: one answer, by the holder's organisation, and the organisation's own word goes first."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

import pytest

from sithsup.campaign import Campaign, ContactData, Directory, Organization
from sithsup.cli import commands
from sithsup.cli.view import View
from sithsup.contacts import NOBODY_TEXTS, OwnContacts, contact_line, whom
from sithsup.errors import CancelledError, Contact, UnusableError
from sithsup.settings import Settings
from tests.support.lab import Lab

if TYPE_CHECKING:
    from pathlib import Path

EVERYBODY = Directory(
    deputy_issuer=ContactData(name="Alla Låtsas", phone="000-1"),
    local_it=ContactData(name="Allas it", mail="it@example.org"),
    organizations=(
        Organization(
            organizations=("2321000156",),
            deputy_issuer=ContactData(name="Region Låtsas"),
            local_it=ContactData(name="Regionens it"),
        ),
        Organization(
            organizations=("SE2321000156-AB",),
            deputy_issuer=ContactData(name="Sjukhus Låtsas"),
            local_it=ContactData(name="Sjukhusets it"),
        ),
    ),
)


@pytest.fixture
def campaign(tmp_path: Path) -> Campaign:
    campaign = Lab(tmp_path).campaign
    assert campaign
    return campaign.model_copy(update={"contacts": EVERYBODY})


@pytest.mark.parametrize(
    ("hsa_id", "deputy", "local"),
    [
        (None, "Alla Låtsas, 000-1", "Allas it, it@example.org"),
        ("SE5560000000-XX", "Alla Låtsas, 000-1", "Allas it, it@example.org"),
        ("SE2321000156-XX", "Region Låtsas", "Regionens it"),
        ("SE2321000156-ABCD", "Sjukhus Låtsas", "Sjukhusets it"),
    ],
)
def test_the_holder_s_own_organisation_answers(hsa_id: str | None, deputy: str, local: str, campaign: Campaign) -> None:
    """Everybody's where no card was read and where the organisation is not listed."""
    assert whom(Contact.DEPUTY_ISSUER, campaign, hsa_id) == deputy
    assert whom(Contact.LOCAL_IT, campaign, hsa_id) == local


def test_what_the_organisation_has_set_up_goes_first(campaign: Campaign) -> None:
    """Each of the two by itself; and even where there is no campaign."""
    own = OwnContacts(local_it="Eget it, ring 4711")
    assert whom(Contact.LOCAL_IT, campaign, "SE2321000156-XX", own) == "Eget it, ring 4711"
    assert whom(Contact.DEPUTY_ISSUER, campaign, "SE2321000156-XX", own) == "Region Låtsas"
    assert whom(Contact.LOCAL_IT, None, None, own) == "Eget it, ring 4711"
    assert contact_line(Contact.LOCAL_IT, None, None) == ""


def test_where_a_campaign_knows_nobody_it_is_said_once(campaign: Campaign) -> None:
    """One sentence, and not “Your local IT support: Your local IT support”; what is set up goes before it."""
    nobody = ContactData(name="-")
    unknown = campaign.model_copy(update={"contacts": Directory(deputy_issuer=nobody, local_it=nobody)})
    assert whom(Contact.LOCAL_IT, unknown, None) == ""
    assert contact_line(Contact.LOCAL_IT, unknown, None) == NOBODY_TEXTS[Contact.LOCAL_IT]
    assert contact_line(Contact.DEPUTY_ISSUER, unknown, None) == NOBODY_TEXTS[Contact.DEPUTY_ISSUER]
    own = OwnContacts(local_it="Eget it")
    assert contact_line(Contact.LOCAL_IT, unknown, None, own).endswith(": Eget it")
    shipped = Campaign.load(Settings().campaign)
    assert {contact_line(who, shipped, None) for who in Contact} == set(NOBODY_TEXTS.values())


def test_an_error_names_whom_its_holder_asks(campaign: Campaign) -> None:
    """The default before the card is read, the organisation's own afterwards; the setting over both."""
    unread = commands.Context(None, Settings(), None, View("check", as_json=True))  # type: ignore[arg-type]
    assert unread.contact(UnusableError()) == NOBODY_TEXTS[Contact.DEPUTY_ISSUER]
    context = commands.Context(None, Settings(), None, View("check", as_json=True), Namespace(likely=campaign))  # type: ignore[arg-type]
    assert context.contact(UnusableError()).endswith("Alla Låtsas, 000-1")
    context.hsa_id = "SE2321000156-ABCD"
    assert context.contact(UnusableError()).endswith("Sjukhus Låtsas")
    context.settings = Settings(deputy_issuer="Egen utgivare")
    assert context.contact(UnusableError()).endswith("Egen utgivare")
    assert context.contact(CancelledError()) == ""
