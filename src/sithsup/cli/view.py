"""How the command line shows things: progress and errors on stderr, results on stdout."""

from __future__ import annotations

import json
import sys
import time
from math import ceil
from typing import TYPE_CHECKING, Any

from sithsup.cli.findings import (
    begin_line,
    campaign_lines,
    findings_data,
    named,
    report_data,
    stop_lines,
    waiting_data,
)
from sithsup.cli.locked import Unlocking
from sithsup.cli.streams import written
from sithsup.eligibility import NOT_USABLE, named_reason, reason_text
from sithsup.errors import (
    AuthorityBusyError,
    AuthorityRefusedError,
    FinishElsewhereError,
    InterruptedUpgradeError,
    NotEligibleError,
    role_text,
)
from sithsup.recovery import Choice, Situation
from sithsup.report import warning_lines
from sithsup.runner import Mark
from sithsup.situation import Outcome
from sithsup.texts import mark, tr
from sithsup.ways import advise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sithsup.campaign import Campaign
    from sithsup.certificate import Certificate
    from sithsup.errors import Contact, SithsupError
    from sithsup.model import CardCertificate, CardContents
    from sithsup.operation import Operation
    from sithsup.report import Report
    from sithsup.runner import StepEvent

OUTCOME_TEXTS = {
    Outcome.UPGRADED: mark("Your card is upgraded. You can take it out of the reader."),
    Outcome.RESTORED: mark("Your card is as it was before. The old certificates work."),
}
SITUATION_TEXTS = {
    Situation.FRESH: mark("No upgrade of this card was begun."),
    Situation.UPGRADED: mark("Your card is upgraded already."),
    Situation.INTERRUPTED: mark("An upgrade of this card was begun and not finished."),
    Situation.UNUSABLE: mark("This card cannot be saved. Ask your deputy issuer for a new card."),
}
OLD_TEXTS = {
    True: mark("The old certificates work."),
    False: mark("The old certificates do not work."),
    None: mark("The old certificates are on the card, but the certificate issuer may have revoked them."),
}
"""By `Verdict.old_works`."""
NEW_TEXTS = {
    True: mark("The new certificates work."),
    False: mark("The new certificates are not ready yet."),
    None: mark("The new certificates are on the card and may work already. That is not known on this computer yet."),
}
"""By `Verdict.new_works`."""
LOG_IN_TEXTS = {
    True: mark("You can log in with the card now."),
    False: mark("You cannot log in with the card now."),
    None: mark("It cannot be told now whether you can log in with the card."),
}
"""By `Verdict.can_log_in`."""
CASE_TEXTS = {
    False: mark("Nothing needs to be done."),
    True: mark("The upgrade was finished. Run “sithsup resume” once on this computer to close the case."),
}
"""Of a card that is upgraded, by `Report.case_open`."""
CHOICE_TEXTS = {
    Choice.CONTINUE: mark("“sithsup resume” finishes the upgrade."),
    Choice.RESTORE: mark("“sithsup restore” goes back to the old certificates instead."),
}

ERASE_LINE = "\x1b[K"
"""Clears the rest of the line that the cursor stands on (ECMA-48, EL): progress is written over."""


class View:
    """Collects what a command found; shows it to a person as it happens and to a machine at the end."""

    def __init__(self, command: str, *, as_json: bool) -> None:
        """Begin a result that names its command."""
        self.result: dict[str, Any] = {"command": command}
        self.told: SithsupError | None = None
        """The error that the command ended with."""
        self._as_json = as_json
        self._erase = ""
        self.case_code = ""
        self._left = ""
        self.unlocking = Unlocking()

    def say(self, text: str, end: str = "\n") -> None:
        """Tell a person something, on stderr. What a card or an authority says cannot steer the terminal."""
        plain = "".join(char for char in text if char.isprintable() or char == "\n")
        with written(sys.stderr):
            print(f"{self._erase}{plain}", end=end, file=sys.stderr)
        self._erase = ERASE_LINE if end == "\r" else ""

    def card(self, contents: CardContents) -> None:
        """Name the card and list its certificates."""
        self.result["card"] = card_data(contents)
        for line in card_lines(contents):
            self.say(line)

    def busy(self) -> None:
        """Tell that the card is being changed now: what may be chosen is known afterwards."""
        self.result["busy"] = True
        self.say(tr("The program is at work on this card now. Wait until it is done, then run “sithsup check” again."))

    def findings(self, report: Report, whom: Callable[[Contact], str]) -> None:
        """Note for machines what stands in the way, what may, and whom to ask."""
        self.result |= findings_data(report, whom)
        self.unlocking.look(report.contents)

    def warnings(self, report: Report, whom: Callable[[Contact], str]) -> None:
        """Tell a person what they should know before they begin."""
        for line in warning_lines(report, whom):
            self.say(line)

    def _stops(self, report: Report, whom: Callable[[Contact], str]) -> None:
        for line in stop_lines(report, whom):
            self.say(line)
        for line in self.unlocking.look(report.contents).lines:
            self.say(line)

    def report(self, report: Report, campaign: Campaign, whom: Callable[[Contact], str]) -> None:
        """Tell what the card is and what may be chosen; `whom` says whom to ask."""
        verdict = report.verdict
        self.findings(report, whom)
        self.result |= {"busy": False, **report_data(report, campaign), "waiting": waiting_data(report.waiting)}
        if verdict.situation is Situation.UPGRADED:
            self._stops(report, lambda _: "")
            self.say(tr(CASE_TEXTS[report.case_open]))
        else:
            self.say(tr(SITUATION_TEXTS[verdict.situation]))
            self._works(report)
            self._stops(report, whom)
        if not report.reasons:
            self.warnings(report, whom)
        if verdict.situation is Situation.FRESH and not report.stops:
            self.say(begin_line(report))
            for line in campaign_lines(campaign, report, whom):
                self.say(line)
        for waiting in report.waiting:
            self.say(tr("An upgrade of another card, {card}, was begun here and not finished.", card=waiting.card))

    def _works(self, report: Report) -> None:
        """Tell of an interrupted upgrade what works now, what may be chosen, and how long it takes."""
        verdict, can_log_in = report.verdict, report.works.can_log_in
        if verdict.situation is not Situation.INTERRUPTED:
            return
        self.say(tr(LOG_IN_TEXTS[can_log_in]))
        self.say(tr(OLD_TEXTS[verdict.old_works]))
        if verdict.old_works and not verdict.old_signs:
            self.say(tr("You cannot sign with them before the upgrade is finished or undone."))
        self.say(tr(NEW_TEXTS[verdict.new_works]))
        if verdict.doubt:
            self.say(verdict.doubt.what)
            self.say(tr("So it cannot be told now whether the upgrade can still be undone. Try again later."))
        if not verdict.choices:
            self.say(tr(FinishElsewhereError.what_text))
            self.say(advise(FinishElsewhereError.next_text))
            return
        for choice in verdict.choices:
            self.say(tr(CHOICE_TEXTS[choice]))
        self.say(tr("To finish takes about {count} min.", count=ceil(verdict.seconds / 60)))

    def nothing_begun(self, report: Report, whom: Callable[[Contact], str]) -> None:
        """Tell whoever wants to go on that there is nothing to go on with: all is done, or nothing was begun."""
        situation = report.verdict.situation
        self.findings(report, whom)
        self.result["situation"] = situation.value
        if situation is Situation.UPGRADED:
            self._stops(report, lambda _: "")
            self.say(tr("Nothing needs to be done."))
        elif not report.reasons:
            self.say(tr("No upgrade of this card was begun. Run “sithsup upgrade”."))
        else:
            self.say(tr(SITUATION_TEXTS[situation]))
            self._stops(report, lambda _: "")

    def nothing_to_undo(self, report: Report) -> None:
        """Tell whoever wants to go back that nothing was begun, and that what is there works, or why it does not."""
        self.result["situation"] = report.verdict.situation.value
        self.say(tr("No upgrade of this card was begun. There is nothing to undo."))
        against = [finding for finding in report.findings if finding.name in NOT_USABLE]
        for finding in against:
            self.say(named(finding))
        for line in self.unlocking.look(report.contents).lines:
            self.say(line)
        if report.verdict.old_works and not against:
            self.say(tr("The old certificates work."))

    def steps(self, events: Iterable[StepEvent]) -> None:
        """Run through the steps, telling each as it happens with the time that it took."""
        done = self.result.setdefault("steps", [])
        begun, first = time.monotonic(), None
        for event in events:
            text = tr(event.step.text)
            if event.step is first and event.mark in {Mark.STARTED, Mark.SEEN}:
                self.say(tr("Once more:"))
            first = first or event.step
            if event.mark.is_under_way:
                begun = time.monotonic()
                if sys.stderr.isatty():
                    now = tr("Undo: {step}", step=text) if event.mark is Mark.UNDOING else text
                    self.say(f"  … {now}", end="\r")
                continue
            seconds = round(time.monotonic() - begun, 3)
            done.append({"name": event.step.name, "mark": event.mark.value, "seconds": seconds})
            self.say(_step_line(event, text, seconds))

    def outcome(self, operation: Operation) -> None:
        """Tell how the run ended, and how many new keys a restored card would not let go of.

        What interrupted it is told by its error; the case code comes last of all.
        """
        outcome, keys_left = operation.outcome, operation.keys_left
        self.case_code = operation.case_code
        self.result |= {
            "outcome": outcome.value if outcome else None,
            "case_code": self.case_code,
            "keys_left": keys_left,
            "given_up": [known.certificate.issuer_common_name for known in operation.world.given_up],
        }
        if outcome is Outcome.RESTORED and not operation.old_works:
            self.say(tr("Your card is as it was before."))
        elif outcome in OUTCOME_TEXTS:
            self.say(tr(OUTCOME_TEXTS[outcome]))
        if keys_left:
            self.say(tr("The card did not let {count} of its new keys be removed. They do no harm.", count=keys_left))
        for known in operation.world.given_up:
            issuer = known.certificate.issuer_common_name
            self.say(tr("The card has lost a certificate from {issuer}, and has no room for it now.", issuer=issuer))

    def began_nothing(self, error: SithsupError) -> None:
        """Tell that a run was stopped before it began anything: that is no interruption, whatever stopped it."""
        if not isinstance(error, NotEligibleError):  # which says so itself
            self.say(tr("Nothing was begun, and nothing on the card was changed."))

    def left(self, *, can_log_in: bool) -> None:
        """Tell with the error that comes next what works now, where that was seen after it."""
        self.result["can_log_in"] = can_log_in
        self._left = tr("You can log in with the card now.") if can_log_in else ""

    def error(self, error: SithsupError, contact: str = "") -> None:
        """Tell an error: what happened, why, what to do, whom to ask."""
        self.told = error
        is_well = not error.exit_code
        if self.result.get("outcome") == Outcome.INTERRUPTED and not isinstance(error, InterruptedUpgradeError):
            self.say(tr("The upgrade did not get further this time."))
        self.result["error"] = error_data(error, contact)
        names = error.code
        if isinstance(error, NotEligibleError):
            self.result["reasons"] = list(error.reasons)
            names = ", ".join((error.code, *error.reasons))
        for line in (
            error.what if is_well else f"{error.what} ({names})",
            _why(error),
            self._left,
            error.next_step,
            *self.unlocking.error_lines(error),
            contact,
        ):
            if line:
                self.say(line)

    def tell(self, lines: Iterable[str]) -> None:
        """Write the result, or a part of it, to stdout for a person."""
        if not self._as_json:
            _write(lines)

    def finish(self, exit_code: int, lines: Iterable[str] = ()) -> int:
        """Write the result to stdout: JSON for a machine, lines for a person."""
        if self.case_code:
            self.say(tr("Case code: {code}", code=self.case_code))
        self.tell(lines)
        if self._as_json:
            self.result["exit_code"] = exit_code
            _write((json.dumps(self.result, ensure_ascii=False, indent=2),))
        return exit_code


def error_data(error: SithsupError, contact: str) -> dict[str, Any]:
    """An error for machines, with what people are told of it; `contact` is whom they are told to ask."""
    return {
        "code": error.code,
        "kind": type(error).__name__,
        "what": error.what,
        "why": _why(error),
        "next": error.next_step,
        "contact": contact,
        "address": error.values.get("address"),
        "retry_after": error.retry_after if isinstance(error, AuthorityBusyError) else None,
    }


def _write(lines: Iterable[str]) -> None:
    with written(sys.stdout):
        for line in lines:
            print(line)


def card_data(contents: CardContents) -> dict[str, Any]:
    """A card for machines. No personal identity number: certificates are told by issuer, role and serial number."""
    return {
        "number": contents.number,
        "reader": contents.reader,
        "serials": list(contents.serials),
        "certificates": [
            {
                "issuer": c.certificate.issuer_common_name,
                "role": c.certificate.role.value if c.certificate.role else None,
                "subject": c.certificate.identity.kind.value if c.certificate.identity else None,
                "serial_number": f"{c.certificate.serial_number:x}",
                "not_before": c.certificate.not_before.isoformat(),
                "not_after": c.certificate.not_after.isoformat(),
                "fingerprint": c.certificate.fingerprint,
                "has_public_key": any(p.public_key == c.certificate.public_key for p in contents.key_pairs),
            }
            for c in contents.certificates
        ],
        "unreadable": len(contents.unreadable),
    }


def card_lines(contents: CardContents) -> list[str]:
    """A card for its holder."""
    holder = next((c.certificate.common_name for c in contents.certificates if c.certificate.role), "")
    lines = [
        tr(
            "Card {number} in {reader}: {holder}",
            number=contents.number or "-",
            reader=contents.reader,
            holder=holder,
        )
    ]
    for c in sorted(contents.certificates, key=_order):
        use = _use(c.certificate)
        until = tr("valid until {date}", date=c.certificate.not_after.date().isoformat())
        lines.append(f"  {use:<15} {c.certificate.issuer_common_name}, {until}")
    lines += [
        tr("  a certificate that cannot be read: {reason}", reason=unreadable.reason)
        for unreadable in contents.unreadable
    ]
    return lines


def _order(seen: CardCertificate) -> tuple[bool, str, str]:
    """A person's certificates first, those of one issuer together, authentication before signature."""
    certificate = seen.certificate
    return certificate.is_ca, certificate.issuer_common_name, certificate.role or ""


def _use(certificate: Certificate) -> str:
    if certificate.role:
        return tr(role_text({certificate.role}))
    return tr("issuer") if certificate.is_ca else tr("other")


def _step_line(event: StepEvent, text: str, seconds: float) -> str:
    if event.mark is Mark.SEEN:
        return tr("  ✓ {text} (not needed now)", text=text)
    if event.mark is Mark.UNDONE:
        return tr("  ↶ Undone: {text} ({seconds} s)", text=text, seconds=f"{seconds:.2f}")
    return tr("  ✓ {text} ({seconds} s)", text=text, seconds=f"{seconds:.2f}")


def _why(error: SithsupError) -> str:
    """Why, in plain words also where an authority gives nothing but the name of a reason."""
    name = named_reason(str(error.values.get("reason", ""))) if isinstance(error, AuthorityRefusedError) else None
    return reason_text(name) if name else error.why
