"""What may be otherwise than in the plain case: the campaign's wishes, the authority's habits, the middleware's."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sithsup.campaign import EncryptedMail, Keys, KeySource, OldCertificates, OldKeys, RevokeOld
from sithsup.model import KeyRole, SubjectKind
from sithsup.sim.ledger import Retire
from tests.support.lab import retarget, update_campaign

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.lab import Lab


def as_ever(lab: Lab) -> None:
    """The campaign as it is, and an authority that has everything at once and retires the old by itself."""


def revoking(lab: Lab) -> None:
    """The program polls, and has the old certificates revoked."""
    lab.campaign = lab.case.campaign.model_copy(update={"revoke_old": RevokeOld.CLIENT})
    lab.authority.ledger.policy.retire = Retire.NEVER
    lab.authority.ledger.policy.polls = 2


def updating(lab: Lab) -> None:
    """Each old certificate is updated (kur), and retired when its successor is confirmed."""
    lab.campaign = update_campaign(lab.case.campaign)
    lab.authority.ledger.policy.retire = Retire.EACH


def updating_three(lab: Lab) -> None:
    """The same of three: the one for authentication with the HSA-id signs for the others, and is retired last."""
    lab.certify_again(KeyRole.AUTHENTICATION, SubjectKind.PERSONAL_NUMBER)
    lab.campaign = update_campaign(lab.case.campaign, (KeyRole.AUTHENTICATION, SubjectKind.PERSONAL_NUMBER))
    lab.authority.ledger.policy.retire = Retire.EACH


def retiring_first(lab: Lab) -> None:
    """The first confirmation retires everything old."""
    lab.authority.ledger.policy.retire = Retire.FIRST


def believing(lab: Lab) -> None:
    """The status service calls certificates good that nobody confirmed."""
    lab.authority.ledger.policy.unconfirmed_is_good = True


def clearing(lab: Lab) -> None:
    """The old keys are destroyed in the end."""
    lab.campaign = lab.case.campaign.model_copy(update={"old_keys": OldKeys.DESTROY})


def one_id_each(lab: Lab) -> None:
    """A CKA_ID names one key on the whole card, and one certificate, as OpenSC has it."""
    lab.card.unique_ids = True


def lagging(lab: Lab) -> None:
    """The status service learns of everything a minute late, and the campaign says so."""
    lab.authority.ledger.policy.status_lag = timedelta(minutes=1)
    lab.campaign = lab.case.campaign.model_copy(update={"status_lag_max": timedelta(minutes=1)})


def clock_ahead(lab: Lab) -> None:
    """The recovery runs on a computer whose clock is a day ahead."""
    lab.jump = timedelta(days=1)


def clock_behind(lab: Lab) -> None:
    """The same, a day behind."""
    lab.jump = -timedelta(days=1)


def a_key_each(lab: Lab) -> None:
    """Each new certificate has a key of its own."""
    lab.campaign = lab.case.campaign.model_copy(update={"keys": Keys.PER_TARGET})
    if lab.card.room_for_keys is not None:
        lab.card.room_for_keys += len(lab.campaign.targets)


def reusing(lab: Lab) -> None:
    """The old keys are certified again, and would be destroyed if they were not."""
    campaign = retarget(lab.case.campaign, key=KeySource.REUSE)
    lab.campaign = campaign.model_copy(update={"old_keys": OldKeys.DESTROY})


def reusing_one(lab: Lab) -> None:
    """Only the old key for authentication is certified again; one for signatures is made."""
    sources = {KeyRole.AUTHENTICATION: KeySource.REUSE, KeyRole.SIGNATURE: KeySource.GENERATE}
    lab.campaign = retarget(lab.case.campaign, key=lambda target: sources[target.role])


def without_signatures(lab: Lab) -> None:
    """There is nothing new for signatures."""
    targets = tuple(target for target in lab.case.campaign.targets if target.role is KeyRole.AUTHENTICATION)
    lab.campaign = lab.case.campaign.model_copy(update={"targets": targets})


def keeping(lab: Lab) -> None:
    """The old certificates stay on the card."""
    lab.campaign = lab.case.campaign.model_copy(update={"old_certificates": OldCertificates.KEEP})


def keeping_mail(lab: Lab) -> None:
    """What opens encrypted e-mail stays on the card with its key; other old keys are destroyed."""
    wishes = {"encrypted_mail": EncryptedMail.KEEP, "old_keys": OldKeys.DESTROY}
    lab.campaign = lab.case.campaign.model_copy(update=wishes)


CUSTOMS: dict[str, Callable[[Lab], None]] = {
    custom.__name__.replace("_", "-"): custom
    for custom in (
        *(as_ever, revoking, updating, retiring_first, believing),
        *(clearing, one_id_each, lagging, clock_ahead, clock_behind),
        *(a_key_each, reusing, reusing_one, without_signatures, keeping, keeping_mail, updating_three),
    )
}
PLAIN = "as-ever"
