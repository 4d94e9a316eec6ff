"""The card process: hangs, crashes, ends, and what it keeps to itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from multiprocessing import connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sithsup.card.pin import Code
from sithsup.card.process import CardProcess
from sithsup.errors import (
    ModuleBrokenError,
    ModuleCrashedError,
    ModuleCrashesError,
    ModuleHungError,
    ModuleNotStartingError,
    ObjectGoneError,
    PukIncorrectError,
    SithsupError,
)
from sithsup.model import CardObject, KeyAlgorithm, ObjectKind
from tests.contract import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from sithsup.model import TokenId

PROGRAM = Path(__file__).with_name("program.py")
CODE = tokens.CODES[tokens.AUTHENTICATION_LABEL].encode("ascii")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture
def process(troubled_card: str) -> Iterator[CardProcess]:
    with CardProcess(troubled_card, time_out=20, generation_time_out=1) as process:
        yield process


def authentication(process: CardProcess) -> TokenId:
    return next(info.id for info in process.tokens() if info.id.label == tokens.AUTHENTICATION_LABEL)


def opened(process: CardProcess) -> TokenId:
    token = authentication(process)
    process.log_in(token, Code(bytearray(CODE)))
    return token


def is_running(pid: int | None) -> bool:
    assert pid is not None
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def ends(pid: int | None, within: float) -> bool:
    """Whether a process is gone soon enough."""
    deadline = time.monotonic() + within
    while is_running(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


class TestTrouble:
    @linux_only
    def test_a_hanging_module_is_killed(self, process: CardProcess, monkeypatch: pytest.MonkeyPatch) -> None:
        """After its time the process is gone, the error tells the time, and the proxy stays dead."""
        monkeypatch.setenv("TROUBLED_HANG", "C_GenerateKeyPair")
        with CardProcess(process.module().path, generation_time_out=0.5) as hanging:
            token = opened(hanging)
            with pytest.raises(ModuleHungError) as caught:
                hanging.generate_key_pair(token, KeyAlgorithm.P_256, b"k", "k")
            assert caught.value.values == {"seconds": "0.5"}
            assert not is_running(hanging.pid)
            with pytest.raises(ModuleHungError):
                hanging.tokens()
        assert process.tokens()

    def test_a_crash_is_seen(self, troubled_card: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """A process that ends in a call is told at once, and the proxy stays dead."""
        monkeypatch.setenv("TROUBLED_CRASH", "C_GenerateKeyPair")
        with CardProcess(troubled_card) as process:
            token = opened(process)
            for _ in range(2):
                with pytest.raises(ModuleCrashedError, match="exit code -6"):
                    process.generate_key_pair(token, KeyAlgorithm.P_256, b"k", "k")

    def test_a_killed_process_is_seen(self, process: CardProcess) -> None:
        """Also when it ends between two calls."""
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        with pytest.raises(ModuleCrashedError):
            process.tokens()

    def test_a_process_that_ends_before_it_takes_its_pipe_is_seen(
        self, troubled_card: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its end of the pipe stays open then, on Windows by itself: that it has ended must tell, not the time-out."""
        pipe, kept = connection.Pipe, []

        def pipe_that_stays_open(duplex: bool = True) -> tuple[Any, Any]:
            ours, theirs = pipe(duplex)
            kept.append(connection.Connection(os.dup(theirs.fileno())))
            return ours, theirs

        monkeypatch.setattr(connection, "Pipe", pipe_that_stays_open)
        with CardProcess(troubled_card, time_out=30) as process:
            assert process.pid is not None
            os.kill(process.pid, signal.SIGKILL)
            with pytest.raises(ModuleCrashedError, match="exit code -9"):
                process.tokens()
        kept.pop().close()

    @pytest.mark.parametrize("content", [b"", b"no library at all\n", b"\x7fELF" + bytes(100)])
    def test_a_file_that_is_no_library(self, tmp_path: Path, content: bytes) -> None:
        """It is called broken, by its path."""
        path = tmp_path / "module.so"
        path.write_bytes(content)
        self.check_broken(str(path))

    def test_a_library_that_is_no_module(self) -> None:
        """The C library is a library, but no module. Nor is a folder, or nothing."""
        for path in ("libc.so.6", "/tmp", "/nowhere/module.so"):  # noqa: S108  nothing is made there
            self.check_broken(path)

    def test_a_module_that_crashes_while_it_is_loaded(
        self, troubled_card: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is broken, and takes nobody along."""
        monkeypatch.setenv("TROUBLED_CRASH", "C_Initialize")
        self.check_broken(troubled_card, crashes=True)

    def check_broken(self, path: str, *, crashes: bool = False) -> None:
        with pytest.raises(ModuleBrokenError) as caught:
            CardProcess(path).wait()
        assert caught.value.values["path"] == path
        assert isinstance(caught.value, ModuleCrashesError) is crashes

    def test_a_module_that_hangs_while_it_is_loaded(self, troubled_card: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nobody waits for it who need not; who does gives it its time, and no more."""
        monkeypatch.setenv("TROUBLED_HANG", "C_Initialize")
        process = CardProcess(troubled_card, time_out=2)
        with pytest.raises(ModuleNotStartingError):
            process.tokens()
        with pytest.raises(ModuleNotStartingError) as caught:
            process.wait()
        assert caught.value.values == {"path": troubled_card, "seconds": "2"}

    @linux_only
    def test_a_call_of_somebody_who_only_looks_is_left_behind(
        self, troubled_card: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """All its questions have one time; then its process is not killed, and ends by itself when its own is over."""
        monkeypatch.setenv("TROUBLED_HANG", "C_GetSlotList")
        process = CardProcess(troubled_card, time_out=3, in_all=1.5)
        assert process.module().manufacturer == "SoftHSM"
        began = time.monotonic()
        with pytest.raises(ModuleHungError) as caught:
            process.slots()
        assert caught.value.values == {"seconds": "1.5"}
        process.close()
        assert is_running(process.pid)
        assert time.monotonic() - began < 3
        assert ends(process.pid, within=6)

    @linux_only
    def test_a_call_that_was_left_behind_ends_in_order(
        self, troubled_card: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """One that comes back is not cut: the process logs nobody out that it did not log in, and ends well."""
        monkeypatch.setenv("TROUBLED_LATE", "1500")
        process = CardProcess(troubled_card, time_out=5, in_all=1)
        with pytest.raises(ModuleHungError):
            process.slots()
        process.close()
        process._process.join(10)
        assert process._process.exitcode == 0

    def test_nobody_is_logged_out_who_gave_no_code(self, troubled_card: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """A module may share its log-in with other programs: who only reads leaves it alone."""
        monkeypatch.setenv("TROUBLED_CRASH", "C_Logout")
        for gives_code in (False, True):
            process = CardProcess(troubled_card)
            process.objects(opened(process) if gives_code else authentication(process))
            process.close()
            assert process._process.exitcode == (-6 if gives_code else 0)

    def test_slots_are_described_with_and_without_a_token(self, process: CardProcess) -> None:
        """SoftHSM2 always has one more, which is not initialised."""
        first, second, fresh = process.slots()
        assert {first.token, second.token} == set(process.tokens())
        assert (fresh.token, fresh.has_token, fresh.answer) == (None, True, "")
        assert {"CKM_RSA_PKCS_KEY_PAIR_GEN", "CKM_ECDSA"} <= set(first.mechanisms)

    def test_a_token_that_a_module_does_not_describe(
        self, troubled_card: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its slot is listed, with the module's answer."""
        monkeypatch.setenv("TROUBLED_UNKNOWN", "1")
        with CardProcess(troubled_card) as process:
            assert {slot.answer for slot in process.slots()} == {"CKR_TOKEN_NOT_RECOGNIZED (0xE1)"}
            assert process.tokens() == ()

    def test_an_error_crosses_as_itself(self, process: CardProcess) -> None:
        """Kind, detail and values."""
        token = authentication(process)
        gone = CardObject(token, ObjectKind.CERTIFICATE, b"no", "such", b"one")
        with pytest.raises(ObjectGoneError) as caught:
            process.destroy(gone)
        assert caught.value.detail == "certificate"

    def test_a_fault_of_ours_is_called_one(self, process: CardProcess) -> None:
        """What is not an error of the tree becomes its root, with the verb, and the process goes on."""
        token = authentication(process)
        with pytest.raises(SithsupError, match=r"SU-9001 SithsupError: .* in generate_key_pair") as caught:
            process.generate_key_pair(token, "no algorithm", b"k", "k")  # type: ignore[arg-type]
        assert type(caught.value) is SithsupError
        assert process.tokens()


class TestEnd:
    @linux_only
    def test_it_ends_within_a_second(self, process: CardProcess) -> None:
        """Closing ends it, and leaves nothing behind."""
        began = time.monotonic()
        process.close()
        assert not is_running(process.pid)
        assert time.monotonic() - began < 1

    @linux_only
    def test_it_ends_within_a_second_even_when_the_module_does_not(
        self, troubled_card: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A module that hangs in its last call is killed."""
        monkeypatch.setenv("TROUBLED_HANG", "C_Finalize")
        process = CardProcess(troubled_card)
        process.wait()
        began = time.monotonic()
        process.close()
        assert not is_running(process.pid)
        assert time.monotonic() - began < 1.5

    @linux_only
    def test_it_does_not_outlive_a_killed_parent(self, troubled_card: str) -> None:
        """Whoever kills the program kills the card process with it, within a second."""
        parent = self.parent(troubled_card, "")
        assert is_running(parent.card)
        parent.kill()
        assert ends(parent.card, within=1)

    @linux_only
    def test_a_hanging_call_does_not_outlive_a_killed_parent_for_long(
        self, troubled_card: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nobody is left to end it, so its own alarm does: the time of the verb and two seconds."""
        monkeypatch.setenv("TROUBLED_HANG", "C_GenerateKeyPair")
        parent = self.parent(troubled_card, "generate")
        time.sleep(0.3)
        parent.kill()
        assert is_running(parent.card)
        assert ends(parent.card, within=5)

    @linux_only
    def test_a_write_is_finished_when_the_parent_is_killed(
        self, troubled_card: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The card is not left torn because somebody killed the program."""
        monkeypatch.setenv("TROUBLED_SLOW", "1000")
        parent = self.parent(troubled_card, "generate")
        time.sleep(0.3)
        parent.kill()
        assert ends(parent.card, within=5)
        with CardProcess(troubled_card) as process:
            kinds = {o.kind for o in process.objects(opened(process))}
        assert kinds == {ObjectKind.PUBLIC_KEY, ObjectKind.PRIVATE_KEY}

    def parent(self, module: str, act: str) -> Parent:
        parent = Parent(module, act)
        self.parents.append(parent)
        return parent

    @pytest.fixture(autouse=True)
    def _no_parent_is_left(self) -> Iterator[None]:
        self.parents: list[Parent] = []
        yield
        for parent in self.parents:
            parent.kill()


class Parent:
    """Another program with a card process of its own, to be killed."""

    def __init__(self, module: str, act: str) -> None:
        command = [sys.executable, str(PROGRAM), module, tokens.AUTHENTICATION_LABEL, act]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(CODE)
        self.process.stdin.close()
        self.card = int(self.process.stdout.readline())

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


class TestSilence:
    def test_signals_of_the_terminal_do_not_reach_it(self, process: CardProcess) -> None:
        """Not even when they are sent to it by name: a write is not cut in two."""
        assert process.pid is not None
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            os.kill(process.pid, number)
        assert process.tokens()
        assert os.getsid(process.pid) != os.getsid(0)

    def test_it_prints_nothing(self, process: CardProcess, capfd: pytest.CaptureFixture[str]) -> None:
        """Modules print what they like; this one does at every list of slots."""
        process.tokens()
        process.close()
        assert capfd.readouterr() == ("", "")

    @linux_only
    def test_codes_are_in_no_command_line_and_no_environment(self, process: CardProcess) -> None:
        """Neither of the process nor of its parent."""
        opened(process)
        for pid in (process.pid, os.getpid()):
            for name in ("cmdline", "environ"):
                content = Path(f"/proc/{pid}/{name}").read_bytes()
                assert content
                assert CODE not in content

    @linux_only
    def test_the_parent_keeps_no_code_in_its_memory(self, troubled_card: str) -> None:
        """A program that read a code into its own buffer has it nowhere after the log-in."""
        command = [sys.executable, str(PROGRAM), troubled_card, tokens.AUTHENTICATION_LABEL, "look-for-the-code"]
        done = subprocess.run(command, input=CODE, capture_output=True, check=True, timeout=60)
        assert done.stdout.split()[1:] == [b"before:", b"found", b"after:", b"gone"]

    @linux_only
    def test_the_parent_keeps_no_puk_in_its_memory(self, troubled_card: str) -> None:
        """Neither that nor the new code."""
        command = [sys.executable, str(PROGRAM), troubled_card, tokens.AUTHENTICATION_LABEL, "unblock"]
        codes = tokens.SECURITY_OFFICER.encode("ascii") + b"246813"
        done = subprocess.run(command, input=codes, capture_output=True, check=True, timeout=60)
        assert done.stdout.split()[1:] == b"before: found found after: gone gone".split()

    def test_what_goes_through_the_pipe_is_wiped(self, process: CardProcess, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each code is copied once, into a buffer that is wiped too, whatever the answer was."""
        copies: list[Code] = []

        class Kept(Code):
            def __init__(self, buffer: bytearray) -> None:
                super().__init__(buffer)
                copies.append(self)

        monkeypatch.setattr("sithsup.card.process.Code", Kept)
        for puk in (b"00000000", tokens.SECURITY_OFFICER.encode("ascii")):
            with suppress(PukIncorrectError):
                process.unblock(authentication(process), Code(bytearray(puk)), Code(bytearray(b"246813")))
        assert [len(copy) for copy in copies] == [0] * 4


class TestTurns:
    def test_an_interrupted_question_does_not_shift_the_answers(
        self, troubled_card: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """After a Ctrl-C in a key generation, the next question gets its own answer, and the key is there."""
        monkeypatch.setenv("TROUBLED_SLOW", "700")
        with CardProcess(troubled_card) as process:
            token = opened(process)
            with pytest.raises(KeyboardInterrupt), control_c_after(0.2):
                process.generate_key_pair(token, KeyAlgorithm.P_256, b"k", "k")
            kinds = {o.kind for o in process.objects(token)}
        assert kinds == {ObjectKind.PUBLIC_KEY, ObjectKind.PRIVATE_KEY}

    @linux_only
    def test_a_call_that_was_left_behind_is_not_cut(self, troubled_card: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """A Ctrl-C and the end of the program: the write is finished, then the process ends."""
        monkeypatch.setenv("TROUBLED_SLOW", "2000")
        with CardProcess(troubled_card) as process:
            token = opened(process)
            with pytest.raises(KeyboardInterrupt), control_c_after(0.2):
                process.generate_key_pair(token, KeyAlgorithm.P_256, b"k", "k")
        assert is_running(process.pid)
        assert ends(process.pid, within=5)
        with CardProcess(troubled_card) as again:
            assert len(again.objects(opened(again))) == 2

    def test_several_threads_take_turns(self, process: CardProcess) -> None:
        """Each gets the answer to its own question."""
        token = authentication(process)
        answers: list[bool] = []

        def ask() -> None:
            for _ in range(20):
                answers.append(process.module().version == "2.6")
                answers.append(process.objects(token) == ())

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(answers) == 160
        assert all(answers)


class control_c_after:  # noqa: N801  reads as a sentence
    """Ctrl-C after some seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __enter__(self) -> None:
        def interrupt(_number: int, _frame: FrameType | None) -> None:
            raise KeyboardInterrupt

        self.before = signal.signal(signal.SIGALRM, interrupt)
        signal.setitimer(signal.ITIMER_REAL, self.seconds)

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self.before)
