"""A small made-up department for the tests of capture, relay and topics: contracts and mappings as plain values."""

from datetime import UTC, date, datetime
from decimal import Decimal
from types import MappingProxyType

from schemas.contracts.model import Contract, Item, ItemType, Sharing, SharingClass
from services.engine.mapping.build import mapping, table
from services.engine.mapping.codecs import Amount, LooseDate, NativeTimestamp, Text, Upper, Whole
from services.engine.mapping.model import Mapping

KIND = "workshop"
DIVISION = "330203"
TOOLS, LOANS = f"{KIND}.tools", f"{KIND}.loans"
SECRET = b"s" * 32

_FREE = Sharing(SharingClass.UNCONDITIONAL)
_ASKED = Sharing(SharingClass.CONDITIONAL, scope="本市部门", purpose="核验")
_KEPT = Sharing(SharingClass.WITHHELD, reason="内部备注", legal_basis="个人信息保护法 第二十八条")
_LAW = "政府信息公开条例 第二十条"


def contract(
    dataset: str, major: int, items: tuple[Item, ...], key: tuple[str, ...], event_time: str | None = None
) -> Contract:
    """A contract with everything that these tests do not look at filled in."""
    return Contract(
        dataset=dataset,
        version=f"{major}.0.0",
        status="active",
        title_zh="测试",
        title_en="test",
        description="",
        legal_basis=_LAW,
        provider="测试",
        source_department="测试",
        format="database record",
        sharing_mode="service interface",
        conditions_of_use="仅用于测试",
        update_frequency="realtime",
        service_level="",
        retention="P3Y",
        grade="L1",
        sharing=_FREE,
        key=key,
        key_public=dataset == TOOLS,
        items=MappingProxyType({one.name: one for one in items}),
        links=(),
        subjects=(),
        division_item=None,
        event_time_item=event_time,
        partitions=3,
    )


def item(
    name: str, type_: ItemType = ItemType.STRING, *, sharing: Sharing = _FREE, open_: bool = False
) -> Item:
    return Item(
        name,
        type_,
        name,
        name,
        sharing,
        open_basis=_LAW if open_ else None,
        scale=2 if type_ is ItemType.DECIMAL else None,
    )


_NUMBER = item("number", open_=True)
_PRICE = item("price", ItemType.DECIMAL)
_HOLDER = item("holder", sharing=_ASKED)
_REMARK = item("remark", sharing=_KEPT)

TOOLS_1 = contract(TOOLS, 1, (_NUMBER, item("name", open_=True), _PRICE, _HOLDER, _REMARK), ("number",))
TOOLS_2 = contract(
    TOOLS,
    2,
    (_NUMBER, item("made_on", ItemType.DATE, open_=True), _PRICE, _HOLDER, _REMARK),
    ("number",),
    event_time="made_on",
)
LOANS_1 = contract(
    LOANS,
    1,
    (
        item("borrower", sharing=_ASKED),
        item("count", ItemType.INTEGER),
        item("lent_at", ItemType.TIMESTAMP, sharing=_ASKED),
    ),
    ("borrower", "count"),
)

TOOL_TABLE = table("ws_tool", key="no", text="no nm made holder remark", typed={"price": "numeric(12,2)"})
LOAN_TABLE = table("ws_loan", key="who n", text="who", typed={"n": "integer", "lent": "timestamp"})

_SHARED = {
    "number": ("no", Upper()),
    "price": ("price", Amount(2, text=False)),
    "holder": ("holder", Text()),
    "remark": ("remark", Text()),
}
_FIRST = {**_SHARED, "name": ("nm", Text())}
MAPPINGS: tuple[Mapping, ...] = (
    mapping(TOOLS_1, TOOL_TABLE, _FIRST),
    mapping(TOOLS_2, TOOL_TABLE, {**_SHARED, "made_on": ("made", LooseDate())}),
    mapping(
        LOANS_1,
        LOAN_TABLE,
        {
            "borrower": ("who", Text()),
            "count": ("n", Whole(text=False)),
            "lent_at": ("lent", NativeTimestamp()),
        },
    ),
)
TOOL_MAPPINGS = MAPPINGS[:2]
#: The first major as it was a minor version ago.
TOOL_WITHOUT_PRICE = mapping(
    contract(TOOLS, 1, tuple(one for one in TOOLS_1.items.values() if one.name != "price"), ("number",)),
    TOOL_TABLE,
    {name: read for name, read in _FIRST.items() if name != "price"},
)

#: A tool as it is stored, and its items as they are read.
HAMMER = {
    "no": "t1",
    "nm": "锤子",
    "made": "2020-6-18",
    "holder": "张三",
    "remark": "旧",
    "price": Decimal("12.50"),
}
HAMMER_READ = {"number": "T1", "name": "锤子", "price": "12.50", "made_on": "2020-06-18"}

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
SOME_DAY = date(2026, 1, 31)
