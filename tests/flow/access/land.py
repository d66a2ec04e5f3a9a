"""The world of the access cases: two land offices and a roll office, items of every class of sharing, and who asks."""

from decimal import Decimal

from tests.flow.access.declared import Dataset, Item, Link, Record

EAST, WEST = "330203", "330205"
LAND, ROLL = "land_office", "roll_office"

TITLES = Dataset(
    f"{LAND}.titles",
    {
        "title_no": Item("open"),
        "street": Item("open"),
        "use": Item("unconditional"),
        "area": Item("unconditional", "whole"),
        "owner_no": Item("conditional", personal=True),
        "mortgage": Item("conditional", "amount"),
        "note": Item("unconditional", filterable=False),
        "remark": Item("withheld"),
    },
    links=(Link("owner", "owner_no", f"{ROLL}.people", "person_no", "titles"),),
    subjects=("owner_no",),
)
#: Of which nobody learns anything without a grant.
CLAIMS = Dataset(
    f"{LAND}.claims",
    {"claim_no": Item("conditional"), "claimant_no": Item("conditional", personal=True)},
    subjects=("claimant_no",),
)
#: Of which nobody learns anything.
FILES = Dataset(f"{LAND}.files", {"file_no": Item("withheld"), "text": Item("withheld")})
PEOPLE = Dataset(
    f"{ROLL}.people",
    {
        "person_no": Item("conditional", personal=True),
        "name": Item("conditional", personal=True),
        "district": Item("unconditional"),
        "phone": Item("withheld"),
    },
    subjects=("person_no",),
)
#: What each department keeps.
KEPT: dict[str, tuple[Dataset, ...]] = {
    f"{EAST}.{LAND}": (TITLES, CLAIMS, FILES),
    f"{WEST}.{LAND}": (TITLES, CLAIMS, FILES),
    f"{EAST}.{ROLL}": (PEOPLE,),
}

_STREETS, _USES = ("Elm", "Oak", "Ash"), ("home", "shop")


def records(member: str) -> dict[str, list[Record]]:
    """What a department's tables hold: titles T1 to T4 in the east, T5 to T8 in the west, and their owners."""
    first = 5 if member.startswith(WEST) else 1
    return {
        TITLES.dataset: [_title(number) for number in range(first, first + 4)],
        CLAIMS.dataset: [
            {"claim_no": f"CLAIM-{number}", "claimant_no": person(number)}
            for number in range(first, first + 2)
        ],
        FILES.dataset: [{"file_no": f"FILE-{first}", "text": f"kept under seal {first}"}],
        PEOPLE.dataset: [
            {
                "person_no": person(number),
                "name": f"Zhang San the {number}th",
                "district": EAST if number % 2 else WEST,
                "phone": f"0574-8800{number}",
            }
            for number in range(1, 9)
        ],
    }


def person(number: int) -> str:
    """The made-up number of a title's owner."""
    return f"PERSON-{number}"


def _title(number: int) -> Record:
    return {
        "title_no": f"T{number}",
        "street": _STREETS[number % 3],
        "use": _USES[number % 2],
        "area": 50 + number,
        "owner_no": person(number),
        "mortgage": Decimal(f"{number}4321.50"),
        "note": f"a note on {number}",
        "remark": f"for the office's eyes {number}",
    }


#: What may stand in no problem, no header and no log line, whoever asks what.
CANARIES = tuple(
    text.encode()
    for number in range(1, 9)
    for text in (
        person(number),
        f"{number}4321.5",
        f"for the office's eyes {number}",
        f"Zhang San the {number}th",
        f"0574-8800{number}",
        f"CLAIM-{number}",
        f"kept under seal {number}",
    )
)
