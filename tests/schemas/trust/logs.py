"""Made-up access logs for the tests of entries and chain: random entries, written as a node writes them."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from schemas.trust.entries import Act, Entry, Head, write

NODE = "330203.workshop"
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)

_TEXT = st.text(max_size=12)
_DISCLOSING = st.sampled_from([Act.READ, Act.LOOKUP, Act.VERIFY, Act.COUNT, Act.WRITE])
_DRAWN = st.tuples(_DISCLOSING, st.none() | _TEXT, st.integers(0, 2**60))


@st.composite
def entries(draw: st.DrawFn, least: int = 1, most: int = 8) -> list[Entry]:
    """Entries in order of time."""
    count = draw(st.integers(least, most))
    return [_entry(draw, NOON + timedelta(seconds=place)) for place in range(count)]


def _entry(draw: st.DrawFn, at: datetime) -> Entry:
    act, member, records = draw(_DRAWN)
    return Entry(
        at=at,
        node=NODE,
        act=act,
        member=member,
        items=("plate", "colour"),
        subjects=(f"{records}", "x" * 22),
        records=records,
        request="a" * 64,
        answer=f"{records:064x}",
    )


def written(made: list[Entry], after: Head | None = None) -> tuple[list[bytes], list[Head]]:
    """The log's lines without line feeds, and where each entry stands."""
    lines, heads, head = [], [], after or Head()
    for one in made:
        line, head = write(one, head)
        lines.append(line[:-1])
        heads.append(head)
    return lines, heads
