"""Spellings found in departments' real tables, for synthetic rows; used by departments' seeders."""

from datetime import date

from services.engine.mapping.model import Stored

#: A table's name and one row of it, in stored spellings.
Row = tuple[str, dict[str, Stored]]

#: How such tables write null, and a date without end.
NULL_MARK = "\\N"
FOR_EVER = "9999-9-9"


def odd_date(day: date) -> str:
    """A date as such tables write it: `2020-6-18` as often as `2020-06-18`."""
    return f"{day.year}-{day.month}-{day.day}" if day.toordinal() % 2 else day.isoformat()
