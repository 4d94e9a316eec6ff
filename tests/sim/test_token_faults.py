"""Every fault at every verb of the simulated token leaves exactly the half state that it says, and nothing else."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from sithsup.card.pin import Code
from sithsup.errors import (
    CardError,
    CardRemovedError,
    ModuleCrashedError,
    ModuleHungError,
    ModuleRefusedError,
    ObjectGoneError,
)
from sithsup.model import KeyAlgorithm, KeyRole, ObjectKind
from sithsup.sim.card import TRIES
from sithsup.sim.case import CODES, PUK
from sithsup.sim.faults import (
    CARD_VERBS,
    TEARS,
    Failure,
    Fault,
    Faults,
    Mishap,
    ProcessKilled,
    Tear,
    When,
    mishaps,
)
from tests.sim.bench import Bench

if TYPE_CHECKING:
    from collections.abc import Callable

AUTH = KeyRole.AUTHENTICATION
CERTIFICATE, PRIVATE, PUBLIC = ObjectKind.CERTIFICATE, ObjectKind.PRIVATE_KEY, ObjectKind.PUBLIC_KEY
LISTING = {"module", "readers", "unrecognized", "tokens"}

ERRORS: dict[Failure, type[BaseException]] = {
    Failure.CARD_PULLED: ModuleRefusedError,
    Failure.CARD_REFUSED: ModuleRefusedError,
    Failure.MODULE_HUNG: ModuleHungError,
    Failure.MODULE_CRASHED: ModuleCrashedError,
    Failure.PROCESS_KILLED: ProcessKilled,
}


def log_in_anew(bench: Bench) -> None:
    """Send a code to a token that is closed and has seen one wrong code, so that the effect shows."""
    bench.token.log_in(bench.token_id(AUTH), Code(bytearray(CODES[AUTH])))


ACTS: dict[str, Callable[[Bench], object]] = {
    "module": lambda bench: bench.token.module(),
    "readers": lambda bench: bench.token.readers(),
    "unrecognized": lambda bench: bench.token.unrecognized(),
    "tokens": lambda bench: bench.token.tokens(),
    "objects": lambda bench: bench.token.objects(bench.token_id(AUTH)),
    "log_in": log_in_anew,
    "log_out": lambda bench: bench.token.log_out(bench.token_id(AUTH)),
    "unblock": lambda bench: bench.token.unblock(
        bench.token_id(AUTH), Code(bytearray(PUK)), Code(bytearray(CODES[AUTH]))
    ),
    "generate_key_pair": lambda bench: bench.token.generate_key_pair(
        bench.token_id(AUTH), KeyAlgorithm.P_256, b"new", "new"
    ),
    "sign": lambda bench: bench.token.sign(bench.old_key(AUTH), b"data"),
    "write_certificate": lambda bench: bench.token.write_certificate(
        bench.token_id(AUTH), bench.case.old[0], b"IdentificationC", "new"
    ),
    "rename": lambda bench: bench.token.rename(bench.objects(AUTH, CERTIFICATE)[0], b"other", "other"),
    "destroy": lambda bench: bench.token.destroy(bench.old_key(AUTH)),
}


def prepared(verb: str) -> Bench:
    """A card before an act."""
    bench = Bench.make()
    bench.card.room_for_certificates = 10_000
    bench.log_in()
    if verb in {"log_in", "unblock"}:
        bench.token.log_out(bench.token_id(AUTH))
    for _ in range({"log_in": 1, "unblock": TRIES}.get(verb, 0)):
        with suppress(CardError):
            bench.token.log_in(bench.token_id(AUTH), Code(bytearray(b"000000")))
    return bench


def content(bench: Bench) -> dict[str, Any]:
    """Everything on the card, wherever it lies."""
    return bench.card.model_dump(exclude={"present"})


def strike(bench: Bench, verb: str, mishap: Mishap) -> BaseException | None:
    """Act once under a fault, and tell what was raised."""
    bench.script(Faults(Fault(mishap, verbs=frozenset({verb}))))
    try:
        ACTS[verb](bench)
    except (CardError, ProcessKilled) as error:
        return error
    return None


def revived(bench: Bench) -> Bench:
    """What a person does after an interruption: insert the card, start anew, give the codes."""
    bench.token.insert()
    bench.token.restart()
    bench.script(Faults())
    bench.log_in()
    return bench


WHOLE = [(verb, mishap) for verb in sorted(CARD_VERBS) for mishap in mishaps(verb) if mishap.tear is None]
TORN = [(verb, mishap) for verb in sorted(TEARS) for mishap in mishaps(verb) if mishap.tear]
EVERYTHING = WHOLE + TORN


@pytest.mark.parametrize(("verb", "mishap"), WHOLE, ids=str)
def test_before_leaves_nothing_and_after_leaves_everything(verb: str, mishap: Mishap) -> None:
    """The content is the one before the act, or the one after it, to the last byte."""
    bench, twin = prepared(verb), prepared(verb)
    if mishap.when is When.AFTER:
        ACTS[verb](twin)
    strike(bench, verb, mishap)
    assert content(bench) == content(twin)


def test_the_acts_have_effects() -> None:
    """Otherwise the test above would prove nothing."""
    for verb in (*TEARS, "log_in"):
        bench = prepared(verb)
        before = content(bench)
        ACTS[verb](bench)
        assert content(bench) != before, verb


@pytest.mark.parametrize(("verb", "mishap"), EVERYTHING, ids=str)
def test_each_failure_is_told_in_its_own_way(verb: str, mishap: Mishap) -> None:
    """A pull and a refusal are one bare general error; a listing call does not fail when a card is pulled."""
    bench = prepared(verb)
    raised = strike(bench, verb, mishap)
    if mishap.failure is Failure.CARD_PULLED and verb in LISTING:
        assert raised is None
        return
    assert type(raised) is ERRORS[mishap.failure]
    if isinstance(raised, ModuleRefusedError):
        assert raised.detail == "CKR_GENERAL_ERROR (0x5)"
        assert re.search(r"CKR_GENERAL_ERROR", raised.why)


@pytest.mark.parametrize(("verb", "mishap"), EVERYTHING, ids=str)
def test_each_failure_leaves_card_and_process_as_it_says(verb: str, mishap: Mishap) -> None:
    """Pulled: gone until inserted. Refused: still there and open. Hung, crashed, killed: dead until restarted."""
    bench = prepared(verb)
    strike(bench, verb, mishap)
    token = bench.token_id(AUTH)
    if mishap.failure is Failure.CARD_REFUSED:
        assert bench.token.tokens()
        bench.token.objects(token)
    elif mishap.failure is Failure.CARD_PULLED:
        assert bench.token.tokens() == ()
        with pytest.raises(CardRemovedError):
            bench.token.objects(token)
        bench.token.insert()
        assert bench.objects(AUTH, PRIVATE) == ()
    else:
        with pytest.raises(ProcessKilled if mishap.failure is Failure.PROCESS_KILLED else ModuleCrashedError):
            bench.token.objects(token)
        bench.token.restart(Faults())
        assert bench.objects(AUTH, PRIVATE) == ()
    assert bench.card.present


@pytest.mark.parametrize("mishap", mishaps("log_in"), ids=str)
def test_a_code_is_wiped_whatever_happens(mishap: Mishap) -> None:
    """Also when the process is struck before it looked at the code."""
    bench = prepared("log_in")
    bench.script(Faults(Fault(mishap)))
    code = Code(bytearray(CODES[AUTH]))
    with pytest.raises((CardError, ProcessKilled)):
        bench.token.log_in(bench.token_id(AUTH), code)
    assert len(code) == 0


@pytest.mark.parametrize("mishap", mishaps("unblock"), ids=str)
def test_a_puk_and_a_new_code_are_wiped_whatever_happens(mishap: Mishap) -> None:
    bench = prepared("unblock")
    bench.script(Faults(Fault(mishap)))
    puk, code = Code(bytearray(PUK)), Code(bytearray(CODES[AUTH]))
    with pytest.raises((CardError, ProcessKilled)):
        bench.token.unblock(bench.token_id(AUTH), puk, code)
    assert len(puk) == len(code) == 0


@pytest.mark.parametrize("mishap", [m for v, m in WHOLE if v == "tokens"], ids=str)
def test_a_listing_call_shows_a_pull_at_once_or_at_the_next(mishap: Mishap) -> None:
    """Pulled before the call: not listed. Pulled after it: listed, and gone."""
    if mishap.failure is not Failure.CARD_PULLED:
        return
    bench = prepared("tokens")
    bench.script(Faults(Fault(mishap)))
    assert bool(bench.token.tokens()) is (mishap.when is When.AFTER)
    assert bench.token.tokens() == ()


# -------------------------------------------------------------------------------------------------- torn writes


@pytest.mark.parametrize("failure", ERRORS)
class TestTornGeneration:
    """A key generation that stops in the middle, by whatever."""

    def torn(self, failure: Failure, tear: Tear) -> Bench:
        bench = prepared("generate_key_pair")
        strike(bench, "generate_key_pair", Mishap(failure, When.TORN, tear))
        return revived(bench)

    def test_unseen(self, failure: Failure) -> None:
        """Nothing is seen; the room of one key is lost for ever."""
        bench = self.torn(failure, Tear.UNSEEN)
        assert len(bench.token.objects(bench.token_id(AUTH))) == 3
        bench.card.room_for_keys = 3
        with pytest.raises(CardError):
            bench.generate(AUTH, b"new")

    def test_private_alone(self, failure: Failure) -> None:
        """A private key that signs, shows no public half (it is EC), and can be destroyed."""
        bench = self.torn(failure, Tear.PRIVATE_ALONE)
        key = bench.find(AUTH, PRIVATE, b"new")
        assert key.value == b""
        assert bench.token.sign(key, b"data")
        assert [o.key_id for o in bench.objects(AUTH, PUBLIC)] == [b"IdentificationC"]
        bench.token.destroy(key)
        bench.generate(AUTH, b"new")

    def test_phantom(self, failure: Failure) -> None:
        """A private key that is listed, and that can neither sign nor be destroyed."""
        bench = self.torn(failure, Tear.PHANTOM)
        check_phantom(bench, b"new")


@pytest.mark.parametrize("failure", ERRORS)
class TestTornCertificate:
    """A certificate whose writing stops in the middle, by whatever."""

    def torn(self, failure: Failure, tear: Tear, *, unique: bool = True) -> Bench:
        bench = prepared("write_certificate")
        bench.card.unique_ids = unique
        strike(bench, "write_certificate", Mishap(failure, When.TORN, tear))
        return revived(bench)

    def test_unseen(self, failure: Failure) -> None:
        """Nothing is seen; its room is lost for ever."""
        bench = self.torn(failure, Tear.UNSEEN)
        assert len(bench.objects(AUTH, CERTIFICATE)) == 1
        lost = 10_000 - sum(map(len, bench.case.old)) - len(bench.case.old[0])
        assert bench.token.tokens()[0].free_public_memory == lost

    def test_passing_id(self, failure: Failure) -> None:
        """The second certificate of a key lies whole under an id that nobody asked for and nobody else has."""
        bench = self.torn(failure, Tear.PASSING_ID)
        (old, new) = bench.objects(AUTH, CERTIFICATE)
        assert (new.value, new.label) == (bench.case.old[0], "new")
        assert new.key_id not in {o.key_id for o in bench.token.objects(bench.token_id(AUTH)) if o != new}
        bench.token.rename(new, old.key_id, "new")

    def test_there_is_no_passing_id_where_none_is_needed(self, failure: Failure) -> None:
        """Then the certificate is whole, and where it belongs."""
        bench = self.torn(failure, Tear.PASSING_ID, unique=False)
        assert {o.key_id for o in bench.objects(AUTH, CERTIFICATE)} == {b"IdentificationC"}


@pytest.mark.parametrize("failure", ERRORS)
def test_a_torn_renaming(failure: Failure) -> None:
    """The new id with the old label."""
    bench = prepared("rename")
    strike(bench, "rename", Mishap(failure, When.TORN, Tear.HALF_RENAMED))
    (found,) = revived(bench).objects(AUTH, CERTIFICATE)
    assert found.key_id == b"other"
    assert found.label.startswith("Legitimering")


@pytest.mark.parametrize("failure", ERRORS)
def test_a_torn_destruction_of_a_private_key(failure: Failure) -> None:
    """A phantom is left, and nothing else is harmed."""
    bench = prepared("destroy")
    bench.generate(AUTH, b"new")
    strike(bench, "destroy", Mishap(failure, When.TORN, Tear.PHANTOM))
    check_phantom(revived(bench), b"IdentificationC")
    assert bench.token.sign(bench.find(AUTH, PRIVATE, b"new"), b"data")


@pytest.mark.parametrize("kind", [CERTIFICATE, PUBLIC])
def test_a_torn_destruction_of_anything_else(kind: ObjectKind) -> None:
    """It is gone: one entry of one directory."""
    bench = prepared("destroy")
    found = bench.objects(AUTH, kind)[0]
    bench.script(Faults(Fault(Mishap(Failure.CARD_PULLED, When.TORN, Tear.PHANTOM), verbs=frozenset({"destroy"}))))
    with pytest.raises(ModuleRefusedError):
        bench.token.destroy(found)
    assert revived(bench).objects(AUTH, kind) == ()
    with pytest.raises(ObjectGoneError):
        bench.token.destroy(found)


def test_a_torn_write_of_whom_nobody_let_in_leaves_nothing() -> None:
    """A call that would have been refused has no half."""
    for verb, mishap in TORN:
        bench = prepared(verb)
        bench.card.read_only = True
        before = content(bench)
        strike(bench, verb, mishap)
        assert content(bench) == before


def test_a_lasting_fault_pulls_the_card_again_and_again() -> None:
    """Until the script ends."""
    bench = prepared("sign")
    mishap = Mishap(Failure.CARD_PULLED)
    bench.script(Faults(Fault(mishap, verbs=frozenset({"objects"}), lasting=True)))
    for _ in range(3):
        with pytest.raises(ModuleRefusedError):
            bench.objects(AUTH, CERTIFICATE)
        bench.token.insert()


def check_phantom(bench: Bench, key_id: bytes) -> None:
    """Listed, and of no use; still so after another try."""
    for _ in range(2):
        key = bench.find(AUTH, PRIVATE, key_id)
        with pytest.raises(ModuleRefusedError):
            bench.token.sign(key, b"data")
        with pytest.raises(ModuleRefusedError):
            bench.token.destroy(key)
