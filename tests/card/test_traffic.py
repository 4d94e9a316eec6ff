"""What the log may have of a call to the module: names, numbers, how it ended. Never what it carries."""

from __future__ import annotations

import logging
import os
import signal
import time
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn

import PyKCS11 as P11  # noqa: N814
import pytest
from PyKCS11 import LowLevel

from sithsup.card.call import Call
from sithsup.card.pin import Code
from sithsup.card.pkcs11 import Pkcs11Token
from sithsup.card.process import CardProcess
from sithsup.card.traffic import Traffic
from sithsup.errors import ModuleCrashedError, ModuleHungError
from sithsup.model import KeyAlgorithm, digest
from tests.contract import tokens
from tests.support.kept import everything_kept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sithsup.model import TokenId
    from tests.support.kept import Kept

CODE = tokens.CODES[tokens.AUTHENTICATION_LABEL]
SESSION = SimpleNamespace(value=lambda: 7)
HANDLE = SimpleNamespace(value=lambda: 9)


class Untouched:
    """A code, a payload: whoever looks at it in any way at all is caught."""

    def _refuse(self, *_: object) -> NoReturn:
        raise AssertionError("somebody has looked")

    __len__ = __iter__ = __bytes__ = __str__ = __repr__ = __bool__ = __getitem__ = __eq__ = _refuse
    __hash__ = None  # type: ignore[assignment]

    def __getattr__(self, name: str) -> NoReturn:
        self._refuse()


class Binding:
    """The binding's library, by the names of its own parameters; nothing happens in it."""

    def __getattr__(self, name: str) -> Callable[..., int]:
        names = getattr(LowLevel.CPKCS11Lib, name).__code__.co_varnames
        code = f"def call({', '.join(names[1:])}): return 0"
        made: dict[str, Any] = {}
        exec(code, made)  # noqa: S102  the parameters' names are all that is wanted of it
        return made["call"]  # type: ignore[no-any-return]


def told_of(name: str, *arguments: object, library: Any = None) -> Call:
    """Call a function, and give what was told when it had ended."""
    told: list[Call] = []
    getattr(Traffic(library or Binding(), told.append), name)(*arguments)
    assert [call.name for call in told] == [told[0].name] * 2
    assert [bool(call.answer) for call in told] == [False, True]
    assert told[0].facts.items() <= told[1].facts.items()
    return told[1]


# ------------------------------------------------------------------------------------------ at the source


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("C_Login", (SESSION, P11.CKU_USER, Untouched())),
        ("C_SetPIN", (SESSION, Untouched(), Untouched())),
        ("C_InitPIN", (SESSION, Untouched())),
        ("C_InitToken", (7, Untouched(), Untouched())),
        ("C_SeedRandom", (SESSION, Untouched())),
        ("C_GenerateRandom", (SESSION, Untouched())),
        ("C_Decrypt", (SESSION, Untouched(), Untouched())),
    ],
)
def test_a_code_is_not_even_looked_at(name: str, arguments: tuple[object, ...]) -> None:
    """Neither its length nor whether there is one; the call is told all the same."""
    call = told_of(name, *arguments)
    assert (call.name, call.answer) == (name, "CKR_OK")
    assert set(call.facts) <= {"session", "slot", "user"}


def test_whoever_looks_is_caught() -> None:
    """The control: the length of data that is to be signed may be told, and so it is looked at."""
    with pytest.raises(AssertionError, match="somebody has looked"):
        told_of("C_Sign", SESSION, Untouched(), Untouched())


def test_every_call_of_the_binding_can_be_told_of() -> None:
    """A function that is not known, or whose parameters have other names one day, is told by its name alone."""

    class Strange:
        def C_NewOne(self, *secrets: object) -> int:  # noqa: N802
            return 5

    call = told_of("C_NewOne", Untouched(), Untouched(), library=Strange())
    assert (call.name, dict(call.facts), call.answer) == ("C_NewOne", {}, "CKR_GENERAL_ERROR")


def template(*attributes: tuple[int, Callable[..., None], object]) -> Any:
    """A template of the binding's."""
    made = LowLevel.ckattrlist(len(attributes))
    for place, (kind, put, value) in enumerate(attributes):
        put(made[place], kind, value)
    return made


number, binary = LowLevel.CK_ATTRIBUTE_SMART.SetNum, LowLevel.CK_ATTRIBUTE_SMART.SetBin


def test_of_attributes_the_names_are_told_and_four_values() -> None:
    """The class, the kind and the bits of a key, and the id by its hash; a vendor's own name is a number."""
    key_id, label = b"191212121212", "Testa Åkesson".encode()
    attributes = template(
        (P11.CKA_CLASS, number, P11.CKO_PUBLIC_KEY),
        (P11.CKA_KEY_TYPE, number, P11.CKK_RSA),
        (P11.CKA_MODULUS_BITS, number, 2048),
        (P11.CKA_ID, binary, P11.ckbytelist(key_id)),
        (P11.CKA_LABEL, binary, P11.ckbytelist(label)),
        (P11.CKA_VALUE, binary, P11.ckbytelist(bytes(1500))),
        (0x80000001, binary, P11.ckbytelist(b"a vendor's own")),
    )
    call = told_of("C_CreateObject", SESSION, attributes, HANDLE)
    assert call.facts == {
        "session": 7,
        "object": 9,
        "attributes": "CKA_CLASS=CKO_PUBLIC_KEY,CKA_KEY_TYPE=CKK_RSA,CKA_MODULUS_BITS=2048,"
        f"CKA_ID=#{digest(key_id)},CKA_LABEL(14),CKA_VALUE(1500),CKA_0x80000001(14)",
    }


def test_what_else_is_told() -> None:
    mechanism = P11.Mechanism(P11.CKM_SHA256_RSA_PKCS).to_native()
    assert told_of("C_SignInit", SESSION, mechanism, HANDLE).facts == {
        "session": 7,
        "mechanism": "CKM_SHA256_RSA_PKCS",
        "key": 9,
    }
    assert told_of("C_Sign", SESSION, bytes(51), bytes(256)).facts == {
        "session": 7,
        "data_bytes": 51,
        "signature_bytes": 256,
    }
    assert told_of("C_GetTokenInfo", 3, SimpleNamespace(flags=0x1040D)).facts == {"slot": 3, "flags": "0x1040d"}
    assert told_of("C_Login", SESSION, P11.CKU_SO, Untouched()).facts == {"session": 7, "user": "CKU_SO"}
    assert told_of("C_FindObjects", SESSION, [1, 2, 3]).facts == {"session": 7, "objects": 3}


# -------------------------------------------------------------------------------------------- a real module


@pytest.fixture
def traffic() -> Iterator[Kept]:
    """Log everything."""
    with everything_kept() as kept:
        yield kept


def answers(kept: Kept) -> list[str]:
    """What was told of calls: how each ended."""
    return [f"{told.what} {told.facts['answer']}" for told in kept.traffic]


def opened(process: CardProcess) -> TokenId:
    token = next(info.id for info in process.tokens() if info.id.label == tokens.AUTHENTICATION_LABEL)
    process.log_in(token, Code(bytearray(CODE.encode())))
    return token


def test_every_call_is_told_of_from_the_first_to_the_last(troubled_card: str, traffic: Kept) -> None:
    """In their order, the last ones too; of the code nothing is in any record."""
    with CardProcess(troubled_card) as process:
        process.generate_key_pair(opened(process), KeyAlgorithm.P_256, b"k", "k")
    told = answers(traffic)
    assert told[0] == "C_Initialize CKR_OK"
    assert told[-3:] == ["C_Logout CKR_OK", "C_CloseSession CKR_OK", "C_Finalize not known"]
    assert told.index("C_Login CKR_OK") < told.index("C_GenerateKeyPair CKR_OK")
    assert CODE not in "".join(str(vars(record)) for record in traffic.records)


def test_a_refused_call_is_told_with_its_code(troubled_card: str, traffic: Kept) -> None:
    with CardProcess(troubled_card) as process:
        token = opened(process)
        process.log_out(token)
        with pytest.raises(Exception, match="CKR_PIN_INCORRECT"):
            process.log_in(token, Code(bytearray(b"999999")))
    assert "C_Login CKR_PIN_INCORRECT" in answers(traffic)


@pytest.mark.parametrize(
    ("trouble", "error"), [("TROUBLED_HANG", ModuleHungError), ("TROUBLED_CRASH", ModuleCrashedError)]
)
def test_a_call_that_never_comes_back_is_named(
    troubled_card: str,
    monkeypatch: pytest.MonkeyPatch,
    traffic: Kept,
    trouble: str,
    error: type[Exception],
) -> None:
    """It is the last thing that is told, and told once."""
    monkeypatch.setenv(trouble, "C_GenerateKeyPair")
    with CardProcess(troubled_card, generation_time_out=1) as process:
        token = opened(process)
        with pytest.raises(error):
            process.generate_key_pair(token, KeyAlgorithm.P_256, b"k", "k")
    assert [each for each in answers(traffic) if "C_GenerateKeyPair" in each] == ["C_GenerateKeyPair no answer"]
    assert answers(traffic)[-1] == "C_GenerateKeyPair no answer"


def test_a_module_that_hangs_while_it_is_loaded_is_named(
    troubled_card: str, monkeypatch: pytest.MonkeyPatch, traffic: Kept
) -> None:
    monkeypatch.setenv("TROUBLED_HANG", "C_Initialize")
    with pytest.raises(ModuleHungError):
        CardProcess(troubled_card, time_out=1).wait()
    assert answers(traffic) == ["C_Initialize no answer"]


def test_a_module_that_hangs_in_its_last_call_is_ended_in_time(
    troubled_card: str, monkeypatch: pytest.MonkeyPatch, traffic: Kept
) -> None:
    monkeypatch.setenv("TROUBLED_HANG", "C_Finalize")
    process = CardProcess(troubled_card)
    process.wait()
    began = time.monotonic()
    process.close()
    assert time.monotonic() - began < 2.5
    assert answers(traffic)[-1] == "C_Finalize no answer"


def test_nobody_is_told_unless_the_log_wants_it(troubled_card: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At any other level the binding is called as ever, and nothing crosses the pipe but answers."""
    received: list[object] = []
    with CardProcess(troubled_card) as process:
        monkeypatch.setattr(process, "_receive", partial(_kept, received, process._receive))
        opened(process)
    assert received
    assert not [each for each in received if isinstance(each, Call)]
    token = Pkcs11Token(troubled_card)
    assert isinstance(token._library.lib, LowLevel.CPKCS11Lib)
    token.close()


def _kept(received: list[object], receive: Callable[[float, float], object], limit: float, seconds: float) -> object:
    received.append(receive(limit, seconds))
    return received[-1]


def test_a_write_is_finished_though_nobody_listens_any_more(
    troubled_card: str, monkeypatch: pytest.MonkeyPatch, traffic: Kept
) -> None:
    """The program ends in the middle of it: what is told goes nowhere, and the act, which nobody waits for, goes on."""
    monkeypatch.setenv("TROUBLED_SLOW", "2500")
    process = CardProcess(troubled_card)
    token = opened(process)
    process._outstanding = 5.0  # as after a Ctrl-C
    process._pipe.send(("generate_key_pair", (token, KeyAlgorithm.P_256, b"k", "k"), 0, 5.0))
    time.sleep(0.2)
    began = time.monotonic()
    process.close()
    assert time.monotonic() - began < 2
    process._process.join(5)
    assert process._process.exitcode == 0
    with CardProcess(troubled_card) as other:
        assert len(other.objects(opened(other))) == 2


def test_a_killed_process_has_no_call_under_way(troubled_card: str, traffic: Kept) -> None:
    """It was ended between two calls: no call is blamed for it."""
    with CardProcess(troubled_card) as process:
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        with pytest.raises(ModuleCrashedError):
            process.tokens()
    assert answers(traffic) == ["C_Initialize CKR_OK"]


def test_the_log_has_the_names_of_the_facts(traffic: Kept) -> None:
    log = logging.getLogger("sithsup.test")
    Call("C_Sign", {"session": 7}, "CKR_OK", 0.01234).tell(log)
    Call("C_Sign", {"session": 7}).tell(log)
    assert [told.facts for told in traffic.traffic] == [
        {"session": 7, "answer": "CKR_OK", "ms": 12.3},
        {"session": 7, "answer": "no answer"},
    ]
