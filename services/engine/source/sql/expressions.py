"""The SQL twins of the codecs: what each column reads as, said in SQL; asked by `layout`, used in every statement.

Each dialect's twins stand in a module beside this one. A twin and its codec say the same of every stored spelling;
the store's seam tests hold them to it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from schemas.query.bound import Value
from services.engine.capture.keys import literal
from services.engine.mapping.codecs import Coded, Flag
from services.engine.mapping.model import Codec, Stored


@dataclass(frozen=True, slots=True)
class Twin:
    """One column as its codec reads it, in one dialect's SQL text.

    `readable` is true or false, never null. `value` is right wherever `readable` holds, and fails nowhere; values
    compare and sort by the database's own operators. `shown` is the stored spelling as a driver can carry it.
    `bind` gives a value the form of `value`, to be compared with it.
    """

    readable: str
    value: str
    shown: str
    bind: Callable[[Value], object]

    @property
    def decoded(self) -> str:
        """The value, null where the stored spelling is null or unreadable."""
        return f"(CASE WHEN {self.readable} THEN {self.value} END)"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a dialect says for one kind of codec; see `Twin`. `shown` None: the column as it is."""

    readable: str
    value: str
    shown: str | None = None


def listed(spellings: Iterable[Stored], sql_type: str) -> str:
    """Constant spellings as the inside of IN (…); those of another type than the column's are left out, as they can
    never be met. Empty when none is left."""
    return ", ".join(constant(one, sql_type) for one in spellings if fits(one, sql_type))


def constant(spelling: Stored, sql_type: str) -> str:
    """One constant spelling in SQL; on SQLite TRUE and FALSE are 1 and 0."""
    if sql_type == "boolean":
        return "TRUE" if spelling else "FALSE"
    return literal(spelling) if isinstance(spelling, str) else str(int(spelling))  # type: ignore[call-overload]


def fits(spelling: Stored, sql_type: str) -> bool:
    """Whether a column of this type can hold such a spelling."""
    return isinstance(spelling, str) == (sql_type == "text")


def among(column: str, inside: str) -> str:
    """Whether a column is one of constant spellings; false for null."""
    return f"({column} IS NOT NULL AND {column} IN ({inside}))" if inside else "(1 = 0)"


def coded(codec: Coded, column: str, sql_type: str, order: str) -> Reading:
    """A code as the value it stands for; `order` is the dialect's clause that compares texts by code point."""
    known = {code: value for code, value in codec.codes.items() if fits(code, sql_type)}
    if not known:
        return Reading("(1 = 0)", "CAST(NULL AS text)")
    whens = " ".join(
        f"WHEN {constant(code, sql_type)} THEN {constant(value, 'text')}" for code, value in known.items()
    )
    return Reading(among(column, listed(known, sql_type)), f"(CASE {column} {whens} END){order}")


def flag(codec: Flag, column: str, sql_type: str) -> Reading:
    """One of the spellings of either truth as whether it is one of true's."""
    either = listed((*codec.true, *codec.false), sql_type)
    return Reading(among(column, either), among(column, listed(codec.true, sql_type)))


def untypical(codec: Codec) -> TypeError:
    """For a codec that has no twin."""
    return TypeError(f"{type(codec).__name__} has no twin in SQL")
