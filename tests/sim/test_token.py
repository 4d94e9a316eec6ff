"""The simulated token where it does what it should. What every token must do is in the contract suite."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sithsup.card.pin import Code
from sithsup.certificate import Certificate, verify
from sithsup.errors import (
    CardFullError,
    CardReadOnlyError,
    CardRemovedError,
    CodeIncorrectError,
    CodeLockedError,
    CodeNeededError,
    ModuleRefusedError,
    NotSupportedError,
)
from sithsup.model import CodeState, KeyAlgorithm, KeyRole, ObjectKind
from sithsup.sim.card import Desk
from sithsup.sim.case import CardKind, old_card
from sithsup.sim.keys import KeyPool
from sithsup.sim.token import SimulatedToken
from tests.sim.bench import NOW, Bench

if TYPE_CHECKING:
    from pathlib import Path

AUTH, SIGN = KeyRole.AUTHENTICATION, KeyRole.SIGNATURE


@pytest.fixture
def bench() -> Bench:
    """An ordinary card with both tokens open."""
    bench = Bench.make()
    bench.log_in()
    return bench


def wrong() -> Code:
    return Code(bytearray(b"000000"))


def test_the_old_identity_signs(bench: Bench) -> None:
    """A signature by each old key verifies under its certificate, checked by the program's own means."""
    for role, certificate in zip(KeyRole, bench.case.old, strict=True):
        assert verify(certificate, b"data", bench.token.sign(bench.old_key(role), b"data"))
        assert not verify(certificate, b"other data", bench.token.sign(bench.old_key(role), b"data"))


def test_a_pulled_card_is_not_there_and_forgets_its_log_ins(bench: Bench) -> None:
    """Its reader still is; after the insert the card asks for its code."""
    key = bench.old_key(AUTH)
    bench.token.pull()
    assert bench.token.tokens() == ()
    assert bench.token.readers() == ("SIM Reader 1",)
    with pytest.raises(CardRemovedError):
        bench.token.objects(bench.token_id(AUTH))
    bench.token.insert()
    assert bench.objects(AUTH, ObjectKind.PRIVATE_KEY) == ()
    with pytest.raises(CodeNeededError):
        bench.token.sign(key, b"data")


def test_a_new_process_is_not_logged_in(bench: Bench) -> None:
    """A log-in ends with its process."""
    bench.token.restart()
    assert bench.objects(AUTH, ObjectKind.PRIVATE_KEY) == ()


def test_a_right_code_forgives_the_wrong_ones(bench: Bench) -> None:
    """The try counter starts anew."""
    bench.token.restart()
    with pytest.raises(CodeIncorrectError) as caught:
        bench.token.log_in(bench.token_id(SIGN), wrong())
    assert caught.value.state is CodeState.COUNT_LOW
    bench.log_in()
    assert {info.code for info in bench.token.tokens()} == {CodeState.OK}


def test_a_lock_outlives_everything(bench: Bench) -> None:
    """Neither a new process nor a re-insert unlocks a code; the other one is not touched."""
    bench.token.restart()
    for _ in range(3):
        with pytest.raises(CodeIncorrectError):
            bench.token.log_in(bench.token_id(SIGN), wrong())
    bench.token.pull()
    bench.token.insert()
    bench.token.restart()
    assert [info.code for info in bench.token.tokens()] == [CodeState.OK, CodeState.LOCKED]
    with pytest.raises(CodeLockedError):
        bench.token.log_in(bench.token_id(SIGN), wrong())


def test_without_a_code_and_a_pin_pad_nothing_opens(bench: Bench) -> None:
    """None is for PIN pads."""
    bench.token.restart()
    with pytest.raises(CodeNeededError):
        bench.token.log_in(bench.token_id(AUTH), None)


def test_a_read_only_card_is_left_as_it_is(bench: Bench) -> None:
    """It says so in its flags, and to every write."""
    bench.card.read_only = True
    before = bench.card.model_dump()
    assert all(info.read_only for info in bench.token.tokens())
    found = bench.objects(AUTH, ObjectKind.CERTIFICATE)[0]
    for write in (
        lambda: bench.generate(AUTH, b"new"),
        lambda: bench.token.write_certificate(bench.token_id(AUTH), bench.case.old[0], b"new", "new"),
        lambda: bench.token.rename(found, b"new", "new"),
        lambda: bench.token.destroy(found),
    ):
        with pytest.raises(CardReadOnlyError):
            write()
    assert bench.card.model_dump() == before


def test_keys_need_room(bench: Bench) -> None:
    """The first key that has none is refused, whole."""
    bench.card.room_for_keys = 3
    bench.generate(AUTH, b"fits")
    with pytest.raises(CardFullError):
        bench.generate(SIGN, b"does not")
    assert len(bench.objects(SIGN, ObjectKind.PUBLIC_KEY)) == 1


def test_a_brimming_card_takes_all_keys_and_not_all_certificates() -> None:
    """Three of the four new certificates fit."""
    bench = Bench.make(CardKind.BRIMMING)
    with pytest.raises(CardFullError):
        bench.upgrade()
    assert bench.faults.calls.count("write_certificate") == 4
    (room, _) = (info.free_public_memory for info in bench.token.tokens())
    assert room is not None
    assert room < len(bench.case.old[0])


def test_destroying_makes_room(bench: Bench) -> None:
    """What is gone takes none."""
    bench.card.room_for_certificates = sum(map(len, bench.case.old))
    bench.token.destroy(bench.objects(AUTH, ObjectKind.CERTIFICATE)[0])
    bench.token.write_certificate(bench.token_id(AUTH), bench.case.old[0], b"again", "again")


@pytest.mark.parametrize("is_renewed", [True, False])
def test_a_module_that_was_refused_room_must_be_started_anew(is_renewed: bool, bench: Bench) -> None:
    """Otherwise its next write costs every certificate of the card, as with OpenSC."""
    bench.card.room_for_certificates = sum(map(len, bench.case.old))
    before = bench.objects(SIGN, ObjectKind.CERTIFICATE)
    with pytest.raises(CardFullError):
        bench.token.write_certificate(bench.token_id(AUTH), bench.case.old[0], b"again", "again")
    if is_renewed:
        bench.token.renew()
        bench.log_in()
    bench.token.rename(bench.objects(AUTH, ObjectKind.PUBLIC_KEY)[0], b"other", "other")
    assert bench.objects(SIGN, ObjectKind.CERTIFICATE) == (before if is_renewed else ())


def test_an_id_may_name_one_key_on_the_whole_card(bench: Bench) -> None:
    """As on OpenSC: also across tokens, with nothing more than a general error."""
    bench.card.unique_ids = True
    bench.generate(AUTH, b"taken")
    with pytest.raises(ModuleRefusedError, match="CKR_GENERAL_ERROR"):
        bench.generate(SIGN, b"taken")
    bench.generate(SIGN, b"free")


def test_a_module_may_name_things_as_it_likes(bench: Bench) -> None:
    """Ids and labels are its own; a certificate gets the id of its key and its holder's name; no name sticks."""
    bench.card.own_names = True
    bench.token.generate_key_pair(bench.token_id(AUTH), KeyAlgorithm.P_256, b"asked", "asked")
    new = bench.objects(AUTH, ObjectKind.PUBLIC_KEY)[-1]
    assert (new.key_id, new.label) == (b"IdentificationE", "IdentificationE")
    bench.token.write_certificate(bench.token_id(AUTH), bench.case.old[0], b"asked", "asked")
    written = bench.objects(AUTH, ObjectKind.CERTIFICATE)[-1]
    parsed = Certificate.parse(bench.case.old[0])
    assert (written.key_id, written.label) == (
        b"IdentificationC",
        f"{parsed.common_name}, {parsed.organization}",
    )
    bench.token.rename(written, b"asked", "asked")
    assert bench.objects(AUTH, ObjectKind.CERTIFICATE)[-1] == written


def test_a_mechanism_may_be_missing(bench: Bench) -> None:
    """Told in advance, and refused."""
    bench.card.algorithms = frozenset({KeyAlgorithm.RSA_2048})
    assert bench.token.tokens()[0].algorithms == {KeyAlgorithm.RSA_2048}
    with pytest.raises(NotSupportedError):
        bench.generate(AUTH, b"new")


def test_several_cards_do_not_disturb_each_other() -> None:
    """Each has its reader, its keys and its log-ins."""
    one, two = Bench.make(number=1), Bench.make(number=2)
    token = SimulatedToken(Desk(cards=[one.case.card, two.case.card], readers=["Empty"]))
    assert token.readers() == ("SIM Reader 1", "SIM Reader 2", "Empty")
    assert len(token.tokens()) == 4
    here, there = one.token_id(AUTH), two.token_id(AUTH)
    token.log_in(here, Code(bytearray(b"123456")))
    assert ObjectKind.PRIVATE_KEY not in {o.kind for o in token.objects(there)}
    shown = {o.value for o in token.objects(here)}
    assert shown.isdisjoint({o.value for o in token.objects(there)})


def test_another_computer_sees_the_same_card(bench: Bench, tmp_path: Path) -> None:
    """Saved and loaded, the card has the same objects, the same tries, and keys that sign; nobody is logged in."""
    bench.generate(AUTH, b"new")
    bench.token.log_out(bench.token_id(SIGN))
    with pytest.raises(CodeIncorrectError):
        bench.token.log_in(bench.token_id(SIGN), wrong())
    seen = bench.token.objects(bench.token_id(AUTH))
    infos = bench.token.tokens()
    bench.token.desk.save(tmp_path / "desk.json")

    bench.token = SimulatedToken(Desk.load(tmp_path / "desk.json"))
    assert bench.token.tokens() == infos
    assert bench.objects(AUTH, ObjectKind.PRIVATE_KEY) == ()
    bench.log_in()
    assert bench.token.objects(bench.token_id(AUTH)) == seen
    assert verify(bench.case.old[0], b"data", bench.token.sign(bench.old_key(AUTH), b"data"))
    assert bench.generate(AUTH, b"newer") not in {o.value for o in seen}


def test_with_a_path_every_change_is_on_disk(bench: Bench, tmp_path: Path) -> None:
    """Whenever the process ends, the file holds what the card holds, and no code."""
    path = tmp_path / "desk.json"
    bench.token = SimulatedToken(bench.token.desk, path=path)
    bench.log_in()
    bench.generate(AUTH, b"new")
    assert Desk.load(path) == bench.token.desk
    bench.token.pull()
    assert not Desk.load(path).cards[0].present
    assert b"123456" not in path.read_bytes()
    assert [p.name for p in tmp_path.iterdir()] == ["desk.json"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_rsa_keys_come_from_a_folder(tmp_path: Path) -> None:
    """Made once: a second pool over the same folder gives the same key at once; another name gives another."""
    first = KeyPool(tmp_path).key(KeyAlgorithm.RSA_2048, "a")
    assert KeyPool(tmp_path).key(KeyAlgorithm.RSA_2048, "a") == first
    assert KeyPool(tmp_path).key(KeyAlgorithm.RSA_2048, "b") != first


def test_a_card_may_have_rsa_keys(tmp_path: Path) -> None:
    """Then a private key tells its public half, as CKA_MODULUS does, and its signatures verify."""
    bench = Bench(old_card(CardKind.ONE_PIN, NOW, KeyAlgorithm.RSA_2048, pool=KeyPool(tmp_path)))
    bench.log_in()
    key = bench.old_key(AUTH)
    assert key.value == bench.objects(AUTH, ObjectKind.PUBLIC_KEY)[0].value
    assert verify(bench.case.old[0], b"data", bench.token.sign(key, b"data"))
