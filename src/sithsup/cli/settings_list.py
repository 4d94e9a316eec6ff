"""What `settings` lists: a line for each setting or, explained, why it is what it is. No secret is ever shown.

The result for machines is the same with and without `--explain`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sithsup.settings import LEVEL_TEXTS
from sithsup.texts import tr

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sithsup.settings import Layer, Offer, Resolution, Row


def settings_data(resolution: Resolution) -> dict[str, Any]:
    """Everything, for machines."""
    return {
        "settings": [
            {
                "name": row.name,
                **_offer_data(row, row.in_force),
                "managed": row.is_managed,
                "help": tr(row.setting.help),
                "overridden": [_offer_data(row, offer) for offer in row.offers[1:] if offer.place],
            }
            for row in resolution.rows
        ],
        "unknown": [{"layer": each.level.value, "place": _plain(each.place)} for each in resolution.unknown],
        "layers": [
            {
                "layer": layer.level.value,
                "place": _plain(layer.place) or None,
                "there": layer.is_there,
                "problem": _plain(layer.problem) or None,
            }
            for layer in resolution.layers
        ],
    }


def settings_lines(resolution: Resolution) -> Iterator[str]:
    """A line for each setting; what is broken says so."""
    for row in resolution.rows:
        yield _line(row)


def explained_lines(resolution: Resolution) -> Iterator[str]:
    """Each setting with what it is, where it comes from and what it goes before; then the layers."""
    for row in resolution.rows:
        yield _line(row)
        yield f"    {tr(row.setting.help)}"
        yield f"    {_origin(row)}"
        for offer in row.offers[1:]:
            if offer.place:
                yield "    " + tr(
                    "It goes before: {value}, from {origin}", value=_told(row, offer), origin=_from(offer)
                )
        yield ""
    yield tr("The layers, the highest first:")
    for layer in resolution.layers:
        yield f"    {_layer_line(layer)}"
    for each in resolution.unknown:
        yield tr(
            "Not known, and left aside: {place} ({layer})", place=_plain(each.place), layer=tr(LEVEL_TEXTS[each.level])
        )


def _line(row: Row) -> str:
    return f"{row.name} = {_told(row, row.in_force)}"


def _origin(row: Row) -> str:
    if not row.in_force.place:
        return tr("As shipped: nobody has set it.")
    origin = _from(row.in_force)
    if row.is_managed:
        return tr("Decided by the organisation, and by nobody else. From {origin}", origin=origin)
    return tr("From {origin}", origin=origin)


def _from(offer: Offer) -> str:
    return f"{tr(LEVEL_TEXTS[offer.level])}: {_plain(offer.place)}"


def _layer_line(layer: Layer) -> str:
    name = tr(LEVEL_TEXTS[layer.level])
    origin = f"{name}: {_plain(layer.place)}" if layer.place else name
    if layer.problem:
        return tr("{origin}: broken: {problem}", origin=origin, problem=_plain(layer.problem))
    if not layer.is_there:
        return tr("{origin}: not there", origin=origin)
    return tr("{origin}: sets {count}", origin=origin, count=len(layer.found))


def _offer_data(row: Row, offer: Offer) -> dict[str, Any]:
    value = offer.value if isinstance(offer.value, float | None) else _plain(str(offer.value))
    is_hidden = _is_hidden(row, offer)
    return {
        "value": None if is_hidden else value,
        "hidden": is_hidden,
        "layer": offer.level.value,
        "place": _plain(offer.place) or None,
        "problem": _plain(offer.problem) or None,
    }


def _told(row: Row, offer: Offer) -> str:
    if offer.problem:
        return tr("broken: {problem}", problem=_plain(offer.problem))
    if _is_hidden(row, offer):
        return tr("set, and not shown")
    if offer.value is None:
        return tr("not set")
    return _plain(str(offer.value).removesuffix(".0") if isinstance(offer.value, float) else str(offer.value))


def _is_hidden(row: Row, offer: Offer) -> bool:
    return row.setting.may_be_secret and "@" in str(offer.value)


def _plain(text: str) -> str:
    """What a file or a variable says cannot steer the terminal, nor be something that it cannot show."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
