"""`sithsup errors`: every code on a line, or what somebody asks for in full, to be read aloud over the phone."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from sithsup.catalogue import entries, matching
from sithsup.errors import ArgumentInvalidError, Contact, is_case_code
from sithsup.texts import mark, tr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sithsup.catalogue import Entry, Remedy

MESSAGE, CAUSE, REMEDY, CONTACT = mark("Error message"), mark("Cause"), mark("Remedy"), mark("Contact")
"""The four headings."""
AT_THE_COMMAND_LINE = mark("At the command line")
EXIT_CODE = mark("Exit code")
WHO = {
    Contact.DEPUTY_ISSUER: mark("Your deputy issuer."),
    Contact.LOCAL_IT: mark("Your local IT support."),
    None: mark("Nobody needs to be asked."),
}
CASE_CODE = mark(
    "this is a case code, which tells one case from another. An error code is SU- and four digits, and stands beside it"
)
UNKNOWN = mark("there is no such error code and no such reason. “sithsup errors” alone lists all that there are")
SIMILAR = mark("there is no such error code and no such reason; there is {names}")


def sought(typed: str) -> tuple[Entry, ...]:
    """What somebody asks for; nothing typed is everything. Raises `ArgumentInvalidError`.

    What was typed is not repeated: it might be a code of the card, and errors are logged.
    """
    if not typed:
        return entries()
    if found := matching(typed):
        return found
    raise ArgumentInvalidError(name=tr("CODE"), problem=_problem(typed))


def _problem(typed: str) -> str:
    if is_case_code(typed):
        return tr(CASE_CODE)
    names = sorted({entry.name for entry in entries() if entry.name})
    similar = get_close_matches(typed.strip().upper().replace("-", "_"), names)
    return tr(SIMILAR, names=", ".join(similar)) if similar else tr(UNKNOWN)


def overview_lines(found: Iterable[Entry]) -> Iterator[str]:
    """The plainest kind of each code, and every reason and warning, each on one line."""
    shown = set()
    for entry in found:
        if entry.label not in shown:
            shown.add(entry.label)
            said = f"{entry.message} {entry.cause} {entry.remedies[0].command_line}"
            yield tr("{code}  {said} Exit code: {exit_code}.", code=entry.label, said=said, exit_code=entry.exit_code)


def full_lines(found: Iterable[Entry], whom: Callable[[Contact], str]) -> Iterator[str]:
    """Every entry with its headings; `whom` names whom to ask, where that is known."""
    for entry in found:
        yield entry.label
        yield _headed(MESSAGE, entry.message)
        yield _headed(CAUSE, entry.cause)
        yield from (_headed(heading, text) for remedy in entry.remedies for heading, text in _told(remedy))
        yield _headed(CONTACT, (whom(entry.contact) if entry.contact else "") or tr(WHO[entry.contact]))
        yield _headed(EXIT_CODE, str(entry.exit_code))
        yield ""


def _told(remedy: Remedy) -> Iterator[tuple[str, str]]:
    """A remedy once, or in the words of the window and in those of the command line."""
    yield REMEDY, remedy.window
    if remedy.command_line != remedy.window:
        yield AT_THE_COMMAND_LINE, remedy.command_line


def _headed(heading: str, text: str) -> str:
    return f"  {tr(heading)}: {text}"


def entries_data(found: Iterable[Entry], whom: Callable[[Contact], str]) -> list[dict[str, Any]]:
    """The same for machines."""
    return [
        {
            "code": entry.code or None,
            "name": entry.name or None,
            "kind": entry.kind or None,
            "what": entry.message,
            "why": entry.cause,
            "next": " ".join(remedy.command_line for remedy in entry.remedies),
            "next_in_window": " ".join(remedy.window for remedy in entry.remedies),
            "contact": entry.contact.value if entry.contact else None,
            "contact_text": (whom(entry.contact) if entry.contact else "") or tr(WHO[entry.contact]),
            "exit_code": entry.exit_code,
        }
        for entry in found
    ]
