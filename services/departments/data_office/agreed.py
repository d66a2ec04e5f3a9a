"""Which grants their departments agreed to, by the steps of the requests; the law gave the others by itself. Asked by
`granting`."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.model import Contract, SharingClass
from schemas.law.sharing.request_rules import StepKind
from schemas.law.sharing.steps import Party
from schemas.query.tree import Operator
from services.departments.data_office.books import Books
from services.departments.data_office.matters import REQUESTS, Record

#: So many requests are asked for at once.
_AT_ONCE = 500


@dataclass(slots=True)
class Agreed:
    """What was read once is not read again: a request is agreed to once, and before it is in force."""

    books: Books
    _known: dict[str, bool] = field(default_factory=dict)

    async def of(self, in_force: Iterable[Record]) -> frozenset[str]:
        """The numbers of those requests in force that their departments agreed to."""
        ids = [str(one[REQUESTS.id_item]) for one in in_force]
        new = [one for one in ids if one not in self._known]
        for begin in range(0, len(new), _AT_ONCE):
            await self._learn(new[begin : begin + _AT_ONCE])
        return frozenset(one for one in ids if self._known[one])

    async def _learn(self, ids: list[str]) -> None:
        steps = await self.books.found(
            REQUESTS.steps,
            (REQUESTS.id_item, Operator.IN, tuple(ids)),
            ("kind", Operator.EQ, StepKind.AGREED.value),
            ("party", Operator.EQ, Party.PROVIDER.value),
        )
        agreed = {str(one[REQUESTS.id_item]) for one in steps}
        self._known |= {one: one in agreed for one in ids}


def of_itself(request: Record, contracts: Catalogue, over: Collection[tuple[str, int]]) -> Record | None:
    """A request in force that no department agreed to, with the items alone that no major shares on condition: one that
    came later may, and a grant opens an item in each. `over` are the majors that have ended, by dataset. Where nothing
    is left of it, it names what all may have: whoever uses that under it, or for another, goes on by the major that he
    asked for. None where no major that goes on gives anything to all: it opens nothing, which nobody has to mend."""
    dataset = str(request["dataset"])
    known = contracts.every(dataset) if dataset in contracts.datasets() else ()
    majors = [one for one in known if (dataset, one.major) not in over]
    free = _of_class(majors, SharingClass.UNCONDITIONAL) - _of_class(majors, SharingClass.CONDITIONAL)
    named = str(request["items"] or "").split(",")
    if any(named) and not free:
        return None
    left = [one for one in named if one in free] or sorted(free if any(named) else ())
    return {**request, "items": ",".join(left)}


def _of_class(majors: Iterable[Contract], its: SharingClass) -> set[str]:
    """The items that one of the majors shares so."""
    return {item.name for one in majors for item in one.items.values() if item.sharing.sharing_class is its}
