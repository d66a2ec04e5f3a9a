"""A malformed contract is refused, and every fault is named with file, line and item."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas.contracts.document import ContractFault, parse
from schemas.contracts.load import load, load_document, load_file
from tests.schemas.contracts.making import SOURCE, TEXT, contract, edited

_CASES = yaml.safe_load((Path(__file__).parent / "faults.yaml").read_text(encoding="utf-8"))
_MANDATORY = {
    "name": ("    businessName: 船舶\n", ""),
    "items": (TEXT[TEXT.index("    properties:") :], ""),
    "provider": ("{property: provider, value: 港务局}", "{property: steward, value: 港务局}"),
    "format": ("{property: format, value: database record}", "{property: form, value: database}"),
    "update frequency": ("{property: frequency, value: daily}", "{property: latency, value: daily}"),
    "sharing class": ("{property: sharing, value: {class: unconditional}}", "{property: share, value: {}}"),
    "sharing mode": ("{property: sharingMode,", "{property: ways,"),
    "conditions of use": ("  usage: 仅用于载明的用途\n", ""),
    "classification grade": ("{property: grade,", "{property: classified,"),
}


def _faults(text: str) -> ContractFault:
    with pytest.raises(ContractFault) as refused:
        load(parse(text, SOURCE))
    return refused.value


def _line_of(text: str, start: str) -> int:
    return next(n for n, line in enumerate(text.splitlines(), 1) if line.strip().startswith(start))


def test_the_contract_that_the_cases_edit_is_good() -> None:
    assert contract().dataset == "harbour.boats"


@pytest.mark.parametrize("field", _MANDATORY)
def test_a_dataset_without_a_mandatory_field_is_refused_with_the_field_named(field: str) -> None:
    refused = _faults(edited(_MANDATORY[field]))
    assert f"the mandatory field `{field}` is missing" in str(refused)
    assert any(
        line.startswith(f"{SOURCE}:1: the mandatory field `{field}`") for line in str(refused).splitlines()
    )


@pytest.mark.parametrize("case", _CASES, ids=[case["name"] for case in _CASES])
def test_a_fault_is_named_with_its_place(case: dict[str, Any]) -> None:
    text = edited(*((old, new) for old, new in case["edits"]))
    refused = _faults(text)
    line = _line_of(text, case["at"]) if "at" in case else case.get("line", 1)
    said = [(fault.reason, fault.item, fault.line) for fault in refused.faults]
    assert (case["says"], case.get("item", ""), line) in said


def test_every_fault_of_a_contract_is_told_at_once() -> None:
    refused = _faults(edited(("value: 3}", "value: 9}"), ("class: conditional", "class: secret")))
    assert {fault.item for fault in refused.faults} == {"tonnage", "owner_id"}


def test_a_file_that_is_not_there_or_no_text_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "bytes.odcs.yaml").write_bytes(b"\xff\xfe\x00")
    for name in ("bytes.odcs.yaml", "none.odcs.yaml"):
        with pytest.raises(ContractFault, match=name):
            load_file(tmp_path / name)


@pytest.mark.parametrize("text", ["", "- a", "text", "&a [*a]", "!!python/object:os.system {}", "[" * 2_000])
def test_a_text_that_is_no_contract_is_refused(text: str) -> None:
    _faults(text)


def test_a_document_from_elsewhere_is_refused_without_a_line() -> None:
    with pytest.raises(ContractFault, match=r"^node:0: "):
        load_document({"kind": "DataContract", "name": 3}, "node")
