"""Whole statements on PostgreSQL: whatever a program changes in one, by whatever part or trigger of its own, what is
captured leads to the table as it then stands."""

from dataclasses import dataclass

import pytest

from tests.seams.capture.parts import TABLE, amiss, captured, marks, standing, told
from tests.stores import Store


@dataclass(frozen=True)
class Story:
    """Statements on the parts 1 to 6, and what is captured of them: keys by op, where that is certain."""

    what: str
    does: str
    told: list[tuple[int, str]] | None = None
    before: str = ""


_LATE = TABLE.format(late="DEFERRABLE", parent="")
_TREE = TABLE.format(late="", parent="REFERENCES part ON DELETE {deed}")


def _trigger(when: str, does: str) -> str:
    return (
        TABLE.format(late="", parent="")
        + f"; CREATE FUNCTION own() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {does}; RETURN NULL; END $$;"
        f" CREATE TRIGGER zealous AFTER {when} ON part FOR EACH ROW WHEN (pg_trigger_depth() < 1)"
        " EXECUTE FUNCTION own()"
    )


STORIES = (
    Story(
        "many rows inserted",
        "INSERT INTO part SELECT n FROM generate_series(9, 7, -1) n",
        [(7, "c"), (8, "c"), (9, "c")],
    ),
    Story("many rows updated", "UPDATE part SET nm = 'x' WHERE no > 4", [(5, "u"), (6, "u")]),
    Story("many rows deleted", "DELETE FROM part WHERE no > 4", [(5, "d"), (6, "d")]),
    Story("nothing changed", "UPDATE part SET nm = 'x' WHERE no = 99; DELETE FROM part WHERE no = 99", []),
    Story(
        "keys shifted",
        "UPDATE part SET no = no + 1, nm = 'was ' || no WHERE no > 3",
        [(4, "d"), (5, "u"), (6, "u"), (7, "c")],
        _LATE,
    ),
    Story(
        "keys swapped", "UPDATE part SET no = 3 - no, nm = no::text WHERE no < 3", [(1, "u"), (2, "u")], _LATE
    ),
    Story("one key moved", "UPDATE part SET no = 7 WHERE no = 1", [(1, "d"), (7, "c")]),
    Story(
        "inserted or else updated",
        "INSERT INTO part VALUES (6, 'x'), (7, 'x') ON CONFLICT (no) DO UPDATE SET nm = excluded.nm",
        [(6, "u"), (7, "c")],
    ),
    Story(
        "moved away and inserted anew in one statement",
        "INSERT INTO part VALUES (1, 'x'), (8, 'x') ON CONFLICT (no) DO UPDATE SET no = 9; INSERT INTO part VALUES (1)",
        [(1, "d"), (9, "c"), (8, "c"), (1, "c")],
    ),
    Story(
        "merged",
        "MERGE INTO part p USING generate_series(5, 8) n ON p.no = n WHEN MATCHED AND n = 5 THEN DELETE"
        " WHEN MATCHED THEN UPDATE SET nm = 'x' WHEN NOT MATCHED THEN INSERT VALUES (n, 'new')",
        [(5, "d"), (6, "u"), (7, "c"), (8, "c")],
    ),
    Story(
        "merged so that a key goes and comes",
        "MERGE INTO part p USING (VALUES (1, 2), (2, 2), (9, 1)) n(of, becomes) ON p.no = n.of"
        " WHEN MATCHED AND n.of = 2 THEN DELETE WHEN MATCHED THEN UPDATE SET no = n.becomes + 20"
        " WHEN NOT MATCHED THEN INSERT VALUES (n.becomes, 'new')",
    ),
    Story(
        "deleted and inserted again by the parts of a WITH, whose first part ends last",
        "WITH gone AS (DELETE FROM part RETURNING no) INSERT INTO part SELECT no, 'again' FROM gone LIMIT 1",
    ),
    Story(
        "moved and inserted by the parts of a WITH",
        "WITH moved AS (UPDATE part SET no = no + 10 RETURNING no)"
        " INSERT INTO part SELECT no - 10, 'new' FROM moved LIMIT 2",
    ),
    Story(
        "updated by two parts of a WITH",
        "WITH one AS (UPDATE part SET nm = 'x' WHERE no = 1), two AS (UPDATE part SET no = 9 WHERE no = 2)"
        " UPDATE part SET nm = 'y' WHERE no = 3",
        [(2, "d"), (1, "u"), (3, "u"), (9, "c")],
    ),
    Story(
        "deleted by a cascade",
        "DELETE FROM part WHERE no = 1",
        before=_TREE.format(deed="CASCADE") + "; UPDATE part SET big = no - 1 WHERE no > 1",
    ),
    Story(
        "set null by two foreign keys, one after the other",
        "DELETE FROM part WHERE no < 3",
        before=_TREE.format(deed="SET NULL") + "; UPDATE part SET big = 1, other = 2 WHERE no > 2",
    ),
    Story(
        "changed again by a trigger of the department's",
        "UPDATE part SET nm = 'x' WHERE no < 4",
        before=_trigger("UPDATE", "UPDATE part SET nm = 'stamped' WHERE no = NEW.no"),
    ),
    Story(
        "numbered anew by a trigger of the department's",
        "INSERT INTO part VALUES (7), (8)",
        before=_trigger("INSERT", "UPDATE part SET no = NEW.no * 10 WHERE no = NEW.no"),
    ),
    Story(
        "deleted by a trigger of the department's as soon as it comes",
        "INSERT INTO part VALUES (7), (8)",
        before=_trigger("INSERT", "DELETE FROM part WHERE no = NEW.no"),
    ),
    Story(
        "brought back by a trigger of the department's",
        "DELETE FROM part WHERE no < 3",
        before=_trigger("DELETE", "INSERT INTO part VALUES (OLD.no, 'undead')"),
    ),
    Story(
        "reloaded",
        "BEGIN; DELETE FROM part; INSERT INTO part SELECT n, 'new' FROM generate_series(3, 9) n; COMMIT",
    ),
    Story("changed and changed back", "BEGIN; UPDATE part SET nm = 'x'; UPDATE part SET nm = 'old'; COMMIT"),
    Story(
        "partly rolled back",
        "BEGIN; INSERT INTO part VALUES (7, 'kept'); SAVEPOINT a; UPDATE part SET nm = 'lost'; DELETE FROM part;"
        " ROLLBACK TO a; UPDATE part SET nm = 'x' WHERE no IN (6, 7); COMMIT",
    ),
)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.what)
async def test_what_is_captured_leads_to_the_table(postgresql_store: Store, story: Story) -> None:
    store = await captured(postgresql_store, *([story.before] if story.before else []))
    stood = await standing(store)
    await store.program.execute(story.does)
    assert await amiss(store, stood) == []
    assert await marks(store) == []
    if story.told is not None:
        assert await told(store) == story.told
