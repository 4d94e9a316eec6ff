"""Whose word is taken for the status of a certificate: that of issuers that the campaign or a verified path names."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509

from sithsup.certificate import Certificate
from sithsup.errors import IssuerUnknownError
from sithsup.evidence import ask_status, judge
from sithsup.sim import pki
from sithsup.sim.faults import Failure, Fault, Faults, Mishap, ProcessKilled, When
from sithsup.situation import Outcome
from tests.ca import pki as own
from tests.support.lab import NEW, START, Lab

if TYPE_CHECKING:
    from pathlib import Path

    from sithsup.model import CertificateStatus, Issued, Message

NEW_ISSUERS = (pki.NEW_HSA_ID, pki.NEW_PERSON_ID)
JUNK = b"\x30\x00"


def without(lab: Lab, *names: str) -> None:
    """Take issuers out of the campaign; a file could not even say this of a target's issuer."""
    pems = {pem: x509.load_pem_x509_certificate(pem.encode()) for pem in lab.case.campaign.intermediates}
    left = tuple(pem for pem, c in pems.items() if not any(name in c.subject.rfc4514_string() for name in names))
    lab.campaign = lab.case.campaign.model_copy(update={"intermediates": left})


def impostors() -> tuple[bytes, ...]:
    """Certificates that carry the issuers' names and that nobody issued."""
    real = pki.Hierarchy.found(START).issuers
    return tuple(own.make(real[name].certificate.subject, own.authority_extensions()).der for name in NEW_ISSUERS)


def beside(lab: Lab, *more: bytes) -> list[bytes]:
    """Put certificates before those that come with every answer; lists by which issuers a status is asked."""
    honest_read, honest_status, asked = lab.authority.read_issued, lab.authority.status, list[bytes]()

    def read(order: Message, answer: Message) -> Issued:
        issued = honest_read(order, answer)
        return replace(issued, extra_certificates=(*more, *issued.extra_certificates))

    def status(certificate: bytes, issuer: bytes) -> CertificateStatus:
        asked.append(issuer)
        return honest_status(certificate, issuer)

    authority: Any = lab.authority
    authority.read_issued, authority.status = read, status
    return asked


def test_a_certificate_beside_an_answer_vouches_for_nobody(tmp_path: Path) -> None:
    """Nothing protects extraCerts: whoever is in the middle adds to them an issuer of the right name."""
    lab = Lab(tmp_path)
    without(lab, *NEW_ISSUERS)
    strangers = impostors()
    asked = beside(lab, *strangers)
    assert lab.run("upgrade") is Outcome.UPGRADED
    assert not set(asked) & set(strangers)
    names = {Certificate.parse(issuer).common_name for issuer in asked}
    assert {pki.NEW_ROOT, *NEW_ISSUERS} <= names  # the path of what was issued is enough


def test_what_cannot_be_read_beside_an_answer_is_passed_over(tmp_path: Path) -> None:
    """No fault of the program, now or at every resume."""
    lab = Lab(tmp_path)
    without(lab, *NEW_ISSUERS)
    beside(lab, JUNK)
    assert lab.run("upgrade") is Outcome.UPGRADED
    assert lab.end() == NEW


def killed_at_the_line(folder: Path) -> Lab:
    """A card that was killed just before the first confirmation, by a campaign without the new issuers."""
    lab = Lab(folder, faults=Faults(Fault(Mishap(Failure.PROCESS_KILLED, When.BEFORE), 1, frozenset({"confirm"}))))
    without(lab, *NEW_ISSUERS)
    assert isinstance(lab.run("upgrade"), ProcessKilled)
    return lab


def test_a_path_that_is_not_sound_vouches_for_nobody(tmp_path: Path) -> None:
    """An issuer that had expired when the answer was made, for one."""
    lab = killed_at_the_line(tmp_path)
    lab.mend()
    with lab.operation() as operation:
        world = operation.world
        (transaction,) = world.journal.transactions(world.campaign.wanted[0].name)
        issued, _ = judge(world, transaction)
        ask_status(world, Certificate.parse(issued.certificate))
        world.judged = {b"": (replace(issued, at=issued.at + timedelta(days=20 * 365)), ())}
        with pytest.raises(IssuerUnknownError):
            ask_status(world, Certificate.parse(issued.certificate))


def test_a_campaign_without_the_issuer_says_so_and_is_finished_where_it_was_begun(tmp_path: Path) -> None:
    """On another computer nothing came along; it is the file that lacks something, not the network."""
    lab = killed_at_the_line(tmp_path)
    lab.lose_journal()
    lab.mend()
    told = lab.run("restore")
    assert isinstance(told, IssuerUnknownError)
    assert pki.NEW_HSA_ID in told.why
    assert "campaign" in told.why
    assert "reached" not in told.what
    lab.computer = "A"
    assert lab.run("resume") is Outcome.UPGRADED
    assert lab.end() == NEW
