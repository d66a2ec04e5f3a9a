"""The office's records of the demo's city: every contract published, one request that was granted, and one correction
request that was answered; made by the office's own rules, used by demo and tests."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.load import load_all
from schemas.contracts.model import Contract
from schemas.law.calendar import WorkingDays
from schemas.law.sharing.correction import CorrectionStep
from schemas.law.sharing.request_rules import StepKind
from schemas.law.sharing.steps import Party, Step
from schemas.query.bound import Value
from services.departments.data_office.corrections import CorrectionRules
from services.departments.data_office.entries import PUBLISHING, EntryRules, entry_id
from services.departments.data_office.mapping import mappings
from services.departments.data_office.matters import (
    CORRECTIONS,
    ENTRIES,
    REQUESTS,
    K,
    Matter,
    Record,
    step_record,
)
from services.departments.data_office.requests import RequestRules
from services.departments.data_office.rules import Rules, S
from services.engine.mapping.model import Stored
from services.engine.synthetic.oddities import Row
from services.engine.synthetic.population import Size

_DIVISION = "330200"
_OFFICE, _ASKER = f"{_DIVISION}.data_office", f"{_DIVISION}.approvals"
_BEGAN = datetime(2026, 1, 5, 2, tzinfo=UTC)
_LATER = timedelta(hours=3)
_UNTIL = date(2036, 12, 31)
#: The grant that the demo's story asks under, and what each of two departments agreed to.
_GRANT = "G-2026-0001"
_AGREED = {
    "market_regulation.legal_representatives": ["credit_code", "name", "id_number", "position"],
    "public_security.residents": ["id_number", "name"],
}


def rows(size: Size) -> Iterator[Row]:
    """Every row of every table; the same for every size, as an office's work does not follow a city's."""
    catalogue = Catalogue(load_all())
    tables = {one.contract.dataset: one for one in mappings(catalogue)}
    for dataset, record in _records(catalogue):
        one = tables[dataset]
        stored: dict[str, Stored] = {
            one.fields[item].column: one.fields[item].codec.encode(value) for item, value in record.items()
        }
        yield one.table.name, stored


def _records(catalogue: Catalogue) -> Iterator[tuple[str, Record]]:
    for dataset in catalogue.datasets():
        for major in catalogue.majors(dataset):
            yield from _entry(catalogue.contract(dataset, major))
    for number, (dataset, items) in enumerate(_AGREED.items(), start=1):
        yield from _request(f"R-2026-{number:06d}", catalogue.contract(dataset), items)
    yield from _correction("C-2026-000001", catalogue.contract("credit.penalties"))


def _entry(contract: Contract) -> Iterator[tuple[str, Record]]:
    provider = f"{_DIVISION}.{contract.kind}"
    who = {Party.PROVIDER: provider, Party.AUTHORITY: _OFFICE}
    steps = [
        Step(kind, _BEGAN + number * _LATER, party, who[party], f"officer-{number}")
        for number, (kind, party) in enumerate(PUBLISHING, start=1)
    ]
    rules = EntryRules(contract, contract.version, provider, _OFFICE, WorkingDays())
    yield from _matter(ENTRIES, entry_id(contract, provider), rules, steps)


def _request(request_id: str, contract: Contract, items: list[str]) -> Iterator[tuple[str, Record]]:
    provider = f"{_DIVISION}.{contract.kind}"
    form = {
        "dataset": contract.dataset,
        "items": items,
        "rows": "",
        "legal_basis": "行政许可法 第三十四条",
        "scenario": "行政许可受理审查",
        "purpose": "核验申请人身份",
        "mode": "service interface",
        "until": _UNTIL.isoformat(),
    }
    steps = [
        Step(StepKind.APPLIED, _BEGAN, Party.REQUESTER, _ASKER, "officer-0017", "head-0003", form),
        Step(StepKind.AGREED, _BEGAN + _LATER, Party.PROVIDER, provider, "officer-0002", "head-0002"),
        Step(
            StepKind.DELIVERED,
            _BEGAN + 2 * _LATER,
            Party.PROVIDER,
            provider,
            "officer-0002",
            facts={"grant": _GRANT},
        ),
    ]
    rules = RequestRules(request_id, (contract,), provider, _OFFICE, WorkingDays())
    yield from _matter(REQUESTS, request_id, rules, steps)


def _correction(correction_id: str, contract: Contract) -> Iterator[tuple[str, Record]]:
    provider = f"{_DIVISION}.{contract.kind}"
    facts = {
        "dataset": contract.dataset,
        "record": "CF00000001",
        "item": "fine",
        "epoch": 1,
        "version": 1,
        "reason": "当事人称罚款金额有误",
    }
    upheld = {"reason": "经核对处罚决定书，金额无误"}
    steps = [
        Step(CorrectionStep.FILED, _BEGAN, Party.REQUESTER, _ASKER, "officer-0017", facts=facts),
        Step(CorrectionStep.UPHELD, _BEGAN + _LATER, Party.PROVIDER, provider, "officer-0002", facts=upheld),
    ]
    rules = CorrectionRules(provider, _OFFICE, WorkingDays())
    yield from _matter(CORRECTIONS, correction_id, rules, steps)


def _matter(
    matter: Matter[K], matter_id: str, rules: Rules[K, S], steps: list[Step[K]]
) -> Iterator[tuple[str, Record]]:
    """A matter and its steps as records, each step as the rules allow it."""
    standing: S | None = None
    stamped: dict[str, Value] = {}
    for number, one in enumerate(steps, start=1):
        rules.check(standing, one)
        standing = rules.after(standing, one)
        yield matter.steps, step_record(matter, matter_id, number, one, one.at)
        stamped |= {matter.stamped[one.kind]: one.at} if one.kind in matter.stamped else {}
    assert standing is not None
    counted: Record = {matter.id_item: matter_id, "steps": len(steps), "changed_at": steps[-1].at}
    yield matter.records, {**rules.record(standing), **stamped, **counted}
