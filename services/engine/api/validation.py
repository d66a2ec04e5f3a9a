"""A record as a caller writes it, held against its contract; every item that is wrong is named. Used by `write`."""

from collections.abc import Callable, Collection, Mapping
from datetime import date
from decimal import Decimal

from schemas.contracts.model import Contract, Item
from schemas.law.divisions import UnknownDivision, find
from schemas.law.identifiers import BadIdentifier, check_credit_code, check_id_number
from schemas.query.bound import Value
from schemas.query.values import UnreadableValue, from_json, scaled
from schemas.wire.problem import Problem
from services.engine.source.port import Key

_TEXT_CHECKS: Mapping[str, Callable[[str], str]] = {
    "id-number": check_id_number,
    "credit-code": check_credit_code,
}
_NO_SUCH_ITEM = "the contract has no such item"


def whole_record(contract: Contract, sent: Mapping[str, object], today: date) -> dict[str, Value]:
    """Every item's value; items not sent are null. Problem contract-violated."""
    return _checked(contract, sent, contract.items, today)


def replacement(contract: Contract, sent: Mapping[str, object], key: Key, today: date) -> dict[str, Value]:
    """Every item but the key's, which may be sent unchanged. Problem contract-violated."""
    others = [name for name in contract.items if name not in contract.key]
    return _checked(contract, _without_key(contract, sent, key), others, today)


def changes(contract: Contract, sent: Mapping[str, object], key: Key, today: date) -> dict[str, Value]:
    """The items sent, null where a merge-patch takes them away. Problem contract-violated."""
    others = _without_key(contract, sent, key)
    return _checked(contract, others, [name for name in others if name in contract.items], today)


def _checked(
    contract: Contract, sent: Mapping[str, object], wanted: Collection[str], today: date
) -> dict[str, Value]:
    values: dict[str, Value] = {}
    # An unknown name is the caller's own text: it is shown only where it looks like an item's name.
    wrong = {_shown(name): _NO_SUCH_ITEM for name in sent if name not in contract.items}
    for name in wanted:
        try:
            values[name] = _value(contract.items[name], name in contract.key, sent.get(name), today)
        except (UnreadableValue, BadIdentifier, _Unfit) as fault:
            wrong[name] = str(fault)
    if wrong:
        raise _violated(wrong)
    return values


def _value(item: Item, in_key: bool, sent: object, today: date) -> Value:
    value = from_json(item, sent)
    if value is None:
        if item.required or in_key:
            raise _Unfit("it is required")
        return None
    if isinstance(value, Decimal):
        return scaled(item, value)
    return _text(item, value, today) if isinstance(value, str) else value


def _text(item: Item, text: str, today: date) -> str:
    if item.values is not None and text not in item.values:
        raise _Unfit(f"it is one of: {', '.join(item.values)}")
    if item.max_length is not None and len(text) > item.max_length:
        raise _Unfit(f"it has at most {item.max_length} characters")
    if item.format == "division":
        return _division(text, today)
    check = _TEXT_CHECKS.get(item.format or "")
    return check(text) if check else text


def _division(code: str, today: date) -> str:
    try:
        return find(code, today).code
    except UnknownDivision:
        raise _Unfit("it is a division's code, valid today") from None


def _without_key(contract: Contract, sent: Mapping[str, object], key: Key) -> dict[str, object]:
    wrong = {}
    for name, now in zip(contract.key, key, strict=True):
        try:
            same = name not in sent or from_json(contract.items[name], sent[name]) == now
        except UnreadableValue:
            same = False
        if not same:
            wrong[name] = "a key item cannot change; delete the record and create another"
    if wrong:
        raise _violated(wrong)
    return {name: value for name, value in sent.items() if name not in contract.key}


def _violated(wrong: Mapping[str, str]) -> Problem:
    items = [{"item": name, "reason": reason} for name, reason in wrong.items()]
    return Problem(
        "contract-violated", f"{len(items)} items do not keep the contract.", members={"items": items}
    )


def _shown(name: str) -> str:
    return name if len(name) <= 64 and name.isidentifier() and name.isascii() else "(not a name)"


class _Unfit(ValueError):
    """A value of the right type that the contract does not take."""
