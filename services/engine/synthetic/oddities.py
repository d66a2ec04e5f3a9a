"""Spellings found in departments' real tables, for synthetic rows; used by departments' seeders."""

from datetime import date

from services.engine.mapping.model import Stored

#: A table's name and one row of it, in stored spellings; a column that is left out is null.
Row = tuple[str, dict[str, Stored]]

#: How such tables write null, a date without end, and a date that nobody knew.
NULL_MARK = "\\N"
FOR_EVER = "9999-9-9"
NO_DATE = "0000-00-00"


def odd_date(day: date) -> str:
    """A date as such tables write it: `2020-6-18` as often as `2020-06-18`."""
    return f"{day.year}-{day.month}-{day.day}" if day.toordinal() % 2 else day.isoformat()
