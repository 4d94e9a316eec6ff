"""What pydantic complains of, in words that the author of a campaign knows, and in their language."""

from __future__ import annotations

import re
from typing import Any

from sithsup.campaign import parts
from sithsup.texts import mark, tr

TEXTS = {
    "extra_forbidden": mark("there is no field of this name"),
    "missing": mark("the field is missing"),
    "model_type": mark("it is not an object: {{ … }}"),
    "dict_type": mark("it is not an object: {{ … }}"),
    "tuple_type": mark("it is not a list: [ … ]"),
    "string_type": mark("it is not a text in quotation marks"),
    "int_type": mark("it is not a whole number"),
    "bool_type": mark("it is neither true nor false"),
    "enum": mark("it is none of these: {expected}"),
    "literal_error": mark("it is none of these: {expected}"),
    "greater_than_equal": mark("it is less than {ge}"),
    "less_than_equal": mark("it is more than {le}"),
    "too_short": mark("the list has fewer elements than {min_length}"),
    "string_too_short": mark("the text has fewer characters than {min_length}"),
    "string_too_long": mark("the text has more characters than {max_length}"),
    "datetime_from_date_parsing": mark("there is no such day or time"),
    "date_from_datetime_parsing": mark("there is no such day"),
    "time_delta_parsing": mark("so long a time cannot be counted"),
    "json_invalid": mark("half a character (\\ud800 to \\udfff), or a number that cannot be read"),
}
"""By the type of the error."""

FORMS = {
    parts.NAME: mark("it may only have a to z, digits and hyphens, at most 64"),
    parts.OID: mark("it is not an OID, such as 1.2.752.34.2.1"),
    parts.LINE: mark("it holds a line break, a tab or another control character"),
    parts.PARAGRAPHS: mark("it holds a tab or another control character"),
    parts.NUMBER: mark("it is not 1 to 19 digits"),
    parts.ADDRESS: mark("it is not an http or https address, without blanks and “@”"),
    parts.CURRENCY: mark("it is not three capital letters, such as SEK"),
    parts.PROGRAM: mark("it is not a version, such as 1.2.3"),
    parts.LIBRARY: mark("it is not a version, such as 1.2.3"),
}
"""Of a text that is not as its pattern says, by the pattern."""

EMPTY = mark("the file is empty")
MARKED = mark("it begins with a byte order mark (BOM): save it as UTF-8 without one")
UTF_16 = mark("it is UTF-16: save it as UTF-8")
PEM = mark("it is PEM: sign the campaign in DER (openssl cms … -outform DER)")
MIME = mark("it is S/MIME: sign the campaign in DER (openssl cms … -outform DER)")
OTHERS = (
    (rb"\s*$", EMPTY),
    (rb"\xef\xbb\xbf", MARKED),
    (rb"\xff\xfe|\xfe\xff", UTF_16),
    (rb"\s*-----BEGIN ", PEM),
    (rb"(?i)\s*(mime-version|content-type):", MIME),
)
"""What is no campaign, by how it begins, though its author may well think that it is one."""


def other_form(content: bytes) -> str:
    """What a file is that is neither JSON nor DER; empty where nothing is known of it."""
    return next((tr(text) for beginning, text in OTHERS if re.match(beginning, content)), "")


def told(complaint: dict[str, Any]) -> str:
    """One complaint; pydantic's own words where there are none here."""
    kind, context = complaint["type"], complaint.get("ctx", {})
    text = FORMS.get(context["pattern"]) if kind == "string_pattern_mismatch" else TEXTS.get(kind)
    if text is None:
        return str(complaint["msg"]).removeprefix("Value error, ")
    values = {name: str(value).replace("' or '", "', '") for name, value in context.items()}
    return tr(text, **values)
