"""What a call asks of the form of its answer: Prefer, Range and Accept, as PostgREST reads them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from schemas.wire import headers
from schemas.wire.problem import Problem

_RANGE = re.compile(r"(\d{1,9})-(\d{1,9})?", re.ASCII)
_QUALITY = re.compile(r"q=([01](\.\d{0,3})?)", re.ASCII)
_COUNTS = ("exact", "planned", "estimated")
_ANY = ("*/*", "application/*")
#: The forms of a gateway's lists, the one without a wish first.
FORMS = (headers.JSON, headers.OBJECT, headers.ANSWER, headers.PLAN)
#: Other spellings of a form.
_SAME = {
    "application/vnd.pgrst.array+json": headers.JSON,
    "application/vnd.pgrst.array": headers.JSON,
    "application/vnd.pgrst.object": headers.OBJECT,
}


@dataclass(frozen=True, slots=True)
class Preferences:
    """The preferences that are kept. A planned or estimated count is answered exactly."""

    count_exact: bool = False
    partial: bool = False

    def applied(self) -> str:
        """The value of Preference-Applied; empty when none was."""
        words = (("count=exact", self.count_exact), ("partial=allow", self.partial))
        return ", ".join(word for word, kept in words if kept)


def preferences(header: str) -> Preferences:
    """The preferences of Prefer headers joined by commas; with handling=strict unknown ones are refused."""
    words = [word.strip().lower().replace(" ", "") for word in header.split(",") if word.strip()]
    count = any(word == f"count={kind}" for word in words for kind in _COUNTS)
    partial = "partial=allow" in words
    known = {f"count={kind}" for kind in _COUNTS} | {"partial=allow", "handling=strict", "handling=lenient"}
    if "handling=strict" in words and not known.issuperset(words):
        raise Problem(
            "bad-syntax", "a preference is not known here", members={"parameter": "Prefer", "position": 0}
        )
    return Preferences(count, partial)


def item_range(header: str) -> tuple[int, int | None]:
    """Offset and limit of a Range header in items (`0-9`, `items=0-9`, `10-`); Problem bad-range."""
    match = _RANGE.fullmatch(header.strip().removeprefix("items="))
    if match is None:
        raise Problem("bad-range", "Range is two numbers of rows, such as 0-9")
    first, last = int(match.group(1)), match.group(2)
    if last is not None and int(last) < first:
        raise Problem("bad-range", "the range ends before it begins")
    return first, None if last is None else int(last) - first + 1


def content_range(first: int, rows: int, total: int | None) -> str:
    """Content-Range in items: `0-9/123`, `*/0`; `*` for a total that is not known."""
    shown = "*" if rows == 0 else f"{first}-{first + rows - 1}"
    return f"{shown}/{'*' if total is None else total}"


def accepts(header: str, offered: Sequence[str]) -> str:
    """The offered form that the caller likes best, the first one without a wish; Problem not-acceptable."""
    if not header.strip():
        return offered[0]
    wished = _by_wish(header)
    unwanted = {_SAME.get(form, form) for form, quality in wished if quality <= 0}
    for form, quality in wished:
        meant = offered if form in _ANY else (_SAME.get(form, form),)
        known = next((one for one in meant if one in offered and one not in unwanted), None)
        if quality > 0 and known is not None:
            return known
    raise Problem("not-acceptable", f"this address answers as {', '.join(offered)}")


def _by_wish(header: str) -> list[tuple[str, float]]:
    """Each form with how much it is wished for, the most wished first, then as written."""
    wished: list[tuple[float, int, str]] = []
    for number, part in enumerate(header.split(",")):
        form, *parameters = (word.strip().lower() for word in part.split(";"))
        quality = next((_quality(word) for word in parameters if word.startswith("q=")), 1.0)
        # `nulls=stripped` would be another form, and there is none such here.
        if "nulls=stripped" not in parameters:
            wished.append((-quality, number, form))
    return [(form, -less) for less, _, form in sorted(wished)]


def _quality(word: str) -> float:
    found = _QUALITY.fullmatch(word)
    return float(found.group(1)) if found else 0.0
