"""The hands of the table: what each row does, how it is seen, how it is undone. Adjacent, and symmetric.

* Every `do` may be called again after any interruption: it looks first and does only what is missing.
* Every `undo` may be called on anything half done.
* Nothing that a call returns is believed: after an act the card is read again.
* What the authority is told is in the journal before it is sent; what it answers, before the card is touched.
"""

from __future__ import annotations

import logging
from concurrent.futures import as_completed
from typing import TYPE_CHECKING

from sithsup.campaign import OldKeys
from sithsup.certificate import Certificate, verify
from sithsup.eligibility import reason_text
from sithsup.errors import (
    AuthorityError,
    AuthorityRefusedError,
    CardFullError,
    CertificateUnsuitableError,
    ModuleRefusedError,
    NotEligibleError,
    ObjectGoneError,
    ProofFailedError,
    StepNotSeenError,
    TransactionUnknownError,
)
from sithsup.evidence import (
    Fate,
    World,
    candidates,
    chosen,
    is_overdue,
    judge,
    key_ids,
    old_certificate,
    old_on_card,
    our_key,
    our_key_pairs,
    ours_on_card,
    read_issued,
    signer,
    status,
    strays,
    targets_of,
)
from sithsup.model import CertificateState, KeyRole, Message, MessageKind, Seen
from sithsup.texts import tr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from concurrent.futures import Future

    from sithsup.evidence import Candidate
    from sithsup.model import CardObject, Issued, KeyPair, Signer, Target, Transaction

_log = logging.getLogger(__name__)

SENTENCE = "Med den här underskriften visar jag att de nya certifikaten på mitt kort fungerar.".encode()
"""What the new keys sign to prove themselves: always this, and readable, never random bytes."""

ELIGIBLE = "ELIGIBLE"

DESTROY_TRIES = 2
"""A card that refuses once may obey the second time; a phantom never does, and is left."""


def never(world: World) -> Seen:  # noqa: ARG001  a row of the table
    """See nothing: this row leaves no trace and is done on every walk."""
    return Seen.ABSENT


def nothing(world: World) -> None:
    """Undo nothing: this row leaves nothing behind."""


def _all(seen: Iterable[Seen]) -> Seen:
    """Of many targets: live or absent when all are, otherwise something in between."""
    kinds = set(seen)
    return kinds.pop() if len(kinds) == 1 else Seen.DEAD


# ------------------------------------------------------------------------------------------ ask-authority


def query(world: World) -> None:
    """Ask the authority whether this card may be upgraded, before anything is generated."""
    if world.campaign.authority.query_oid is None:
        return  # then its refusal of the order undoes the keys
    reason = world.authority.query(world.contents.number or "", signer(world)).reason
    if reason != ELIGIBLE:
        raise NotEligibleError(reasons=(reason,), reason=reason_text(reason))


def begun(world: World) -> Seen:
    """See whether anything of ours is on the card: it was asked for before it was made."""
    has_key = any(our_key_pairs(world, role) for role in world.campaign.roles)
    return Seen.LIVE if has_key or ours_on_card(world) else Seen.ABSENT


# ------------------------------------------------------------------------------------------- generate-*-key


def generate(role: KeyRole) -> Callable[[World], None]:
    """Make a key pair for a role, under the first id that a cut generation has not spoilt."""

    def do(world: World) -> None:
        algorithm = world.campaign.algorithm(role)
        for generation, identifier in enumerate(key_ids(world, role)):
            _destroy(world, _with_id(world, identifier))
            if not _with_id(world, identifier):
                label = f"{world.campaign.id} {role.value} {generation}"
                world.journal.announce_key(role, identifier)
                world.card.generate_key_pair(role, algorithm, identifier, label)
                break
        else:
            raise CardFullError("every id of ours is taken by a key that can be neither used nor destroyed")
        world.journal.remember_key(role, _key(world, role).public_key)

    return do


def has_key(role: KeyRole) -> Callable[[World], Seen]:
    """See a private key of ours whose public key is readable; campaigns without the role have nothing to see."""

    def seen(world: World) -> Seen:
        if role not in world.campaign.roles or our_key(world, role):
            return Seen.LIVE
        return Seen.DEAD if our_key_pairs(world, role) else Seen.ABSENT

    return seen


def destroy_key(role: KeyRole) -> Callable[[World], None]:
    """Destroy the keys of ours for a role, whole or broken; never one that a certificate on the card carries."""

    def undo(world: World) -> None:
        carried = {c.certificate.public_key for c in world.contents.certificates}
        for _ in range(DESTROY_TRIES):
            for pair in our_key_pairs(world, role):
                if pair.public_key not in carried:
                    _destroy(world, _objects(pair))

    return undo


def _key(world: World, role: KeyRole) -> KeyPair:
    """The key of ours that a row has made; raises when it is not seen."""
    pair = our_key(world, role)
    if pair is None:
        raise StepNotSeenError(step=f"generate-{role}-key")
    return pair


def _with_id(world: World, identifier: bytes) -> tuple[CardObject, ...]:
    return tuple(o for pair in world.contents.key_pairs if pair.key_id == identifier for o in _objects(pair))


def _objects(pair: KeyPair) -> tuple[CardObject, ...]:
    """The private key goes last: as long as it is there, the pair is found again by its id."""
    return tuple(found for found in (pair.public, pair.private) if found is not None)


def _destroy(world: World, objects: Iterable[CardObject]) -> None:
    """Destroy what can be destroyed; a phantom that refuses stays, and is seen."""
    for found in objects:
        try:
            world.card.destroy(found)
        except (ModuleRefusedError, ObjectGoneError) as error:
            _log.info("cannot destroy %s: %s", found.kind, error)


# --------------------------------------------------------------------------------------- order-certificates


def order(world: World) -> None:
    """Order a certificate for every target that has none, several at once, each journalled before it is sent."""
    _hear_unanswered(world)
    sender = signer(world)
    sent: dict[Future[Issued], Target] = {}
    try:
        for target in world.campaign.wanted:
            if chosen(world, target) is None:
                message = _compose_order(world, target, sender)
                sent[world.executor.submit(world.authority.order, message)] = target
    finally:
        failures = _hear(world, sent)
    _refuse_unsuitable(world, sender)
    if failures:
        raise max(failures, key=lambda error: error.final)


def ordered(world: World) -> Seen:
    """See, per target, a certificate that was confirmed or can be: of this computer's own or as the status tells."""
    return _all(_order_state(world, target) for target in world.campaign.wanted)


def _order_state(world: World, target: Target) -> Seen:
    if chosen(world, target):
        return Seen.LIVE
    if any(candidate.fate is Fate.UNKNOWN for candidate in candidates(world, target)):
        return Seen.UNKNOWN
    return Seen.DEAD if world.journal.transactions(target.name) else Seen.ABSENT


def reject(world: World) -> None:
    """Tell the authority that what it issued is not wanted; what it does not hear it revokes by itself."""
    sender: Signer | None = None
    for target in world.campaign.wanted:
        for transaction in world.journal.transactions(target.name):
            if _is_open(transaction):
                sender = sender or signer(world)
                _reject(world, _hear_one(world, transaction), sender)


def _is_open(transaction: Transaction) -> bool:
    return not (transaction.confirm or transaction.rejected or transaction.error)


def _compose_order(world: World, target: Target, sender: Signer) -> Message:
    pair = _key(world, target.role)
    old = old_certificate(world, target.role) or Certificate.parse(sender.certificate)
    message = world.authority.compose_order(target, old, pair.public_key, _prover(world, pair, target), sender)
    world.journal.remember(target.name, message, pair.public_key)
    return message


def _prover(world: World, pair: KeyPair, target: Target) -> Callable[[bytes], bytes]:
    """Sign the proof of possession: the first that a new key signs, and so the real proof that it was made whole."""

    def prove(data: bytes) -> bytes:
        try:
            return world.card.sign(pair.public_key, data)
        except ModuleRefusedError as error:
            if pair.public_key in {c.certificate.public_key for c in world.contents.certificates}:
                raise
            world.broken.add(pair.public_key)  # a phantom: the next walk makes another key under another id
            raise StepNotSeenError(str(error), step=f"generate-{target.role}-key") from error

    return prove


def _hear(world: World, sent: dict[Future[Issued], Target]) -> list[AuthorityError]:
    """Journal every answer as it comes; give back what went wrong."""
    failures = []
    for future in as_completed(sent):
        try:
            world.journal.remember(sent[future].name, future.result().answer)
        except AuthorityError as error:
            failures.append(error)
    return failures


def _hear_unanswered(world: World) -> None:
    """Fetch the answers that were lost, by sending the same bytes again."""
    for target in world.campaign.wanted:
        pair = our_key(world, target.role)
        for transaction in world.journal.transactions(target.name):
            if transaction.issued is None and pair and transaction.public_key == pair.public_key:
                _hear_one(world, transaction)


def _hear_one(world: World, transaction: Transaction) -> Transaction:
    """The transaction with its answer, if the authority still gives it; a refusal is remembered."""
    if transaction.issued or transaction.error:
        return transaction
    try:
        answer = world.authority.order(transaction.order).answer
    except (TransactionUnknownError, AuthorityRefusedError) as error:
        answer = Message(MessageKind.ERROR, transaction.order.transaction, str(error).encode())
    world.journal.remember(transaction.target, answer)
    return world.journal.transaction(transaction.target, transaction.order.transaction)


def _refuse_unsuitable(world: World, sender: Signer) -> None:
    """Reject to the authority whatever does not belong on this card, then say so."""
    refused: list[str] = []
    for target in world.campaign.wanted:
        for transaction in world.journal.transactions(target.name):
            is_told = transaction.reject or read_issued(world, transaction) is None
            if not is_told and (reasons := judge(world, transaction)[1]):
                refused += reasons
                _reject(world, transaction, sender)
    if refused:
        raise CertificateUnsuitableError(mismatches=tuple(refused), check=tr(refused[0]))


def _reject(world: World, transaction: Transaction, sender: Signer) -> None:
    if read_issued(world, transaction) is None or is_overdue(world, transaction):
        return  # nothing was issued that can be read, or the authority has revoked it already
    message = transaction.reject
    if message is None:
        issued = judge(world, transaction)[0]
        message = world.authority.compose_confirmation(transaction.order, issued, sender, accept=False)
        world.journal.remember(transaction.target, message)
    try:
        world.journal.remember(transaction.target, world.authority.confirm(message))
    except AuthorityError as error:
        _log.info("cannot reject to the authority, which revokes by itself: %s", error)


# --------------------------------------------------------------------------------------- write-certificates


def write_certificates(world: World) -> None:
    """Write what belongs on the card beside what is there; certificates of ours known to be dead go first."""
    for dead in _dead_on_card(world):
        world.card.destroy(dead)
    for target in world.campaign.wanted:
        pair, wanted = _key(world, target.role), _wanted(world, target)
        label = wanted.certificate.common_name
        if wanted.on_card is None:
            world.card.write_certificate(target.role, wanted.certificate.der, pair.key_id, label)
        elif wanted.on_card.found.key_id != pair.key_id:
            world.card.rename(wanted.on_card.found, pair.key_id, label)


def _wanted(world: World, target: Target) -> Candidate:
    """The certificate that was ordered for a target; raises when there is none (any more)."""
    wanted = chosen(world, target)
    if wanted is None:
        raise StepNotSeenError(step="order-certificates")
    return wanted


def has_certificates(world: World) -> Seen:
    """See, per target, the certificate on the card, byte for byte and paired with its key, and no dead one."""
    if _dead_on_card(world):
        return Seen.DEAD
    return _all(_certificate_state(world, target) for target in world.campaign.wanted)


def _certificate_state(world: World, target: Target) -> Seen:
    pair, wanted = our_key(world, target.role), chosen(world, target)
    if wanted and wanted.on_card:
        return Seen.LIVE if pair and wanted.on_card.found.key_id == pair.key_id else Seen.DEAD
    return Seen.UNKNOWN if any(c.on_card for c in candidates(world, target)) else Seen.ABSENT


def erase_certificates(world: World) -> None:
    """Take every certificate of ours off the card again."""
    for seen in ours_on_card(world):
        world.card.destroy(seen.found)
    if ours_on_card(world):
        raise StepNotSeenError(step="write-certificates")


def _dead_on_card(world: World) -> tuple[CardObject, ...]:
    """Certificates of ours that are known to be dead, or whose key is gone. UNKNOWN ones are not among them."""
    known = [c for target in world.campaign.wanted for c in candidates(world, target)]
    alive = {c.certificate.der for c in known if c.fate is not Fate.DEAD}
    return tuple(c.found for c in ours_on_card(world) if c.certificate.der not in alive)


# --------------------------------------------------------------------------------------- prove-new-identity


def sign_and_verify(world: World) -> None:
    """Sign the sentence with each new key; verify it under each certificate as it was read back from the card."""
    for role in world.campaign.roles:
        signature = world.card.sign(_key(world, role).public_key, SENTENCE)
        for target in targets_of(world, role):
            read_back = _wanted(world, target).on_card
            if not (read_back and verify(read_back.found.value, SENTENCE, signature)):
                raise ProofFailedError(certificate=target.name)


# ------------------------------------------------------------------------------------- confirm-certificates


def confirm(world: World) -> None:
    """Confirm every certificate to the authority, those for authentication last."""
    sender = signer(world)
    for target in sorted(world.campaign.wanted, key=lambda target: target.role is KeyRole.AUTHENTICATION):
        wanted = _wanted(world, target)
        if wanted.on_card is None:
            raise StepNotSeenError(step="write-certificates")
        if wanted.fate is Fate.PENDING and wanted.transaction:
            _confirm(world, wanted.transaction, sender)


def confirmed(world: World) -> Seen:
    """See the authority's acknowledgement of every certificate, or its status long after the wait."""
    return _all(_confirm_state(world, target) for target in world.campaign.wanted)


def _confirm_state(world: World, target: Target) -> Seen:
    wanted = chosen(world, target)
    return Seen.LIVE if wanted and wanted.fate is Fate.CONFIRMED else Seen.ABSENT


def _confirm(world: World, transaction: Transaction, sender: Signer) -> None:
    message = transaction.confirm
    if message is None:
        issued = judge(world, transaction)[0]
        message = world.authority.compose_confirmation(transaction.order, issued, sender, accept=True)
        world.journal.remember(transaction.target, message)
    try:
        answer = world.authority.confirm(message)
    except TransactionUnknownError as error:
        forgotten = Message(MessageKind.ERROR, message.transaction, str(error).encode())
        world.journal.remember(transaction.target, forgotten)
        raise
    world.journal.remember(transaction.target, answer)


# ---------------------------------------------------------------------------------- remove-old-certificates


def remove_old(world: World) -> None:
    """Remove the old certificates one by one, once the status service calls every new one good."""
    _require_good(world)
    world.journal.remember_certificates(world.contents.certificates)
    for seen in (*old_on_card(world), *strays(world)):
        world.card.destroy(seen.found)


def old_removed(world: World) -> Seen:
    """See that no old certificate is on the card, nor one of ours that was superseded."""
    return Seen.LIVE if not old_on_card(world) and not strays(world) else Seen.ABSENT


def _require_good(world: World) -> None:
    world.statuses.clear()  # what was known before the confirmation says nothing now
    new = [c.certificate for target in world.campaign.wanted if (c := chosen(world, target))]
    for answer in world.executor.map(lambda certificate: status(world, certificate), new):
        if answer.state is not CertificateState.GOOD:
            raise StepNotSeenError(f"status is {answer.state}", step="confirm-certificates")


# -------------------------------------------------------------------------------------------- remove-old-keys


def remove_old_keys(world: World) -> None:
    """Destroy the old keys that no certificate on the card carries any more; only where the campaign asks for it."""
    for pair in _spent_key_pairs(world):
        _destroy(world, _objects(pair))


def old_keys_removed(world: World) -> Seen:
    """See that no spent key is left, or that the campaign keeps them."""
    return Seen.ABSENT if _spent_key_pairs(world) else Seen.LIVE


def _spent_key_pairs(world: World) -> tuple[KeyPair, ...]:
    if world.campaign.old_keys is OldKeys.KEEP:
        return ()
    remembered = (c.certificate for c in world.journal.certificates())
    old = {
        certificate.public_key
        for certificate in remembered
        if certificate.issuer_common_name in world.campaign.source_issuers
    }
    carried = {c.certificate.public_key for c in world.contents.certificates}
    return tuple(pair for pair in world.contents.key_pairs if pair.public_key in old - carried)
