"""PostgREST's own Python client asks the gateway, unchanged, and reads its answers, counts and errors."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl

import postgrest
import pytest
from postgrest import SyncPostgrestClient, SyncRequestBuilder
from postgrest.types import CountMethod

from schemas.query.parse import parse_params
from tests.flow.federation.one_database import Answer, OneDatabase
from tests.flow.federation.records import contents
from tests.flow.federation.serving import Served, served

_FULL = contents(1, sizes=(14,))
_SOME_CODE = _FULL["trade_office.firms"][0].values["code"]
Asking = Callable[[SyncRequestBuilder], Any]


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("postgrest"), _FULL) as made:
        yield made


@pytest.fixture(scope="module")
def client(county: Served) -> Iterator[SyncPostgrestClient]:
    """The client as its documentation shows it; only the caller's own headers are added."""
    with SyncPostgrestClient(f"{county.gateway}/records/trade_office", headers=dict(county.headers)) as made:
        yield made


@pytest.fixture(scope="module")
def loaded(runner: asyncio.Runner, one_database: OneDatabase) -> Callable[[str], Answer]:
    """What one database answers to a question over firms, written as a URL's parameters."""
    runner.run(one_database.load(_FULL))

    def answer(question: str) -> Answer:
        query = parse_params(parse_qsl(question, keep_blank_values=True))
        return runner.run(one_database.answer("trade_office.firms", query))

    return answer


#: What the client is told, and the question that it must mean.
_PAGE: tuple[tuple[str, Asking], ...] = (
    ("", lambda firms: firms.select("*")),
    ("select=code,name&order=code", lambda firms: firms.select("code", "name").order("code")),
    (f"code=eq.{_SOME_CODE}", lambda firms: firms.select("*").eq("code", _SOME_CODE)),
    ("select=code&name=neq.a", lambda firms: firms.select("code").neq("name", "a")),
    (
        "select=code&staff=gt.2&staff=lt.100",
        lambda firms: firms.select("code").gt("staff", 2).lt("staff", 100),
    ),
    (
        "select=capital&capital=gte.-3.3&capital=lte.10",
        lambda firms: firms.select("capital").gte("capital", "-3.3").lte("capital", 10),
    ),
    (
        'select=name&name=in.(a,Z,"x,y","(x)","say \\"no\\"")',
        lambda firms: firms.select("name").in_("name", ["a", "Z", "x,y", "(x)", 'say "no"']),
    ),
    ("select=code&code=like.91A%25", lambda firms: firms.select("code").like("code", "91A%")),
    ("select=name&name=ilike.*A*", lambda firms: firms.select("name").ilike("name", "*A*")),
    ("select=code&active=is.true", lambda firms: firms.select("code").is_("active", True)),
    ("select=code&name=is.null", lambda firms: firms.select("code").is_("name", None)),
    ("select=code&colour=not.is.null", lambda firms: firms.select("code").not_.is_("colour", None)),
    (
        "select=code&colour=not.in.(red,blue)",
        lambda firms: firms.select("code").not_.in_("colour", ["red", "blue"]),
    ),
    (
        "select=code&or=(staff.gt.9,name.is.null)",
        lambda firms: firms.select("code").or_("staff.gt.9,name.is.null"),
    ),
    (
        "select=code&not.or=(staff.gt.9,and(active.is.true,colour.eq.red))",
        lambda firms: firms.select("code").not_.or_("staff.gt.9,and(active.is.true,colour.eq.red)"),
    ),
    (
        "select=code&colour=eq.red&active=eq.t",
        lambda firms: firms.select("code").match({"colour": "red", "active": "t"}),
    ),
    (
        "select=code,name&order=name.desc.nullslast,code",
        lambda firms: firms.select("code,name").order("name", desc=True, nullsfirst=False).order("code"),
    ),
    (
        "select=founded_on&order=founded_on&limit=3",
        lambda firms: firms.select("founded_on").order("founded_on").limit(3),
    ),
    ("select=code&offset=1&limit=3", lambda firms: firms.select("code").range(1, 3)),
    (
        "select=code,permits(permit_no,fee)&permits.order=fee.desc&permits.limit=1",
        lambda firms: (
            firms.select("code,permits(permit_no,fee)")
            .order("fee", desc=True, foreign_table="permits")
            .limit(1, foreign_table="permits")
        ),
    ),
    (
        "select=code,permits!inner(permit_no)&permits.fee=gt.1",
        lambda firms: firms.select("code, permits!inner(permit_no)").gt("permits.fee", 1),
    ),
    (
        "select=code,permits(permit_no)&permits.or=(fee.gt.1,note.is.null)",
        lambda firms: firms.select("code,permits(permit_no)").or_(
            "fee.gt.1,note.is.null", reference_table="permits"
        ),
    ),
    (
        "select=n:name,boss:parent(name),account(*),permits(permit_no,visits(visit_no,visitor(favourite)))",
        lambda firms: firms.select(
            "n:name",
            "boss:parent(name)",
            "account(*)",
            "permits(permit_no, visits(visit_no, visitor(favourite)))",
        ),
    ),
)


@pytest.mark.parametrize(("question", "asking"), _PAGE, ids=[question or "all" for question, _ in _PAGE])
def test_a_question_is_answered_as_by_one_database(
    client: SyncPostgrestClient, loaded: Callable[[str], Answer], question: str, asking: Asking
) -> None:
    found = asking(client.from_("firms")).execute()
    assert found.data == loaded(question).rows
    assert found.count is None


def test_a_count_comes_with_a_page_of_rows(
    client: SyncPostgrestClient, loaded: Callable[[str], Answer]
) -> None:
    found = client.from_("firms").select("code", count=CountMethod.exact).limit(2).execute()
    expected = loaded("select=code&limit=2")
    assert (found.data, found.count) == (expected.rows, expected.total)


def test_head_counts_and_sends_no_rows(client: SyncPostgrestClient, loaded: Callable[[str], Answer]) -> None:
    found = (
        client.from_("firms").select("*", count=CountMethod.exact, head=True).eq("colour", "red").execute()
    )
    assert (found.data, found.count) == ([], loaded("colour=eq.red").total)


def test_a_single_record_comes_as_an_object(
    client: SyncPostgrestClient, loaded: Callable[[str], Answer]
) -> None:
    found = client.from_("firms").select("code,name").eq("code", _SOME_CODE).single().execute()
    assert [found.data] == loaded(f"select=code,name&code=eq.{_SOME_CODE}").rows


@pytest.mark.parametrize("code", ["nothing", "91A%"])
def test_single_refuses_none_and_several(client: SyncPostgrestClient, code: str) -> None:
    with pytest.raises(postgrest.APIError) as refused:
        client.from_("firms").select("code").like("code", code).single().execute()
    assert refused.value.code == "not-one-record"


def test_maybe_single_is_none_when_there_is_none(client: SyncPostgrestClient) -> None:
    assert client.from_("firms").select("code").eq("code", "nothing").maybe_single().execute() is None


def test_maybe_single_is_the_one(client: SyncPostgrestClient) -> None:
    found = client.from_("firms").select("code").eq("code", _SOME_CODE).maybe_single().execute()
    assert found is not None
    assert found.data == {"code": _SOME_CODE}


#: A question that is refused, with the problem's code and a word of what the client shows.
_REFUSED: tuple[tuple[str, str, Asking], ...] = (
    ("unknown-item", "name", lambda firms: firms.select("nam")),
    ("unknown-item", "staff", lambda firms: firms.select("code").eq("staf", 1)),
    ("unknown-link", "permits", lambda firms: firms.select("code,permit(fee)")),
    ("unknown-operator", "fts", lambda firms: firms.select("code").fts("name", "a")),
    ("bad-value", "staff", lambda firms: firms.select("code").eq("staff", "many")),
    (
        "use-post",
        "name",
        lambda firms: firms.select("code,employees(born_on)").eq("employees.name", "canary"),
    ),
    ("item-withheld", "remark", lambda firms: firms.select("remark")),
    ("method-not-allowed", "", lambda firms: firms.insert({"code": "91C9"})),
    ("not-acceptable", "", lambda firms: firms.select("code").csv()),
)


@pytest.mark.parametrize(("code", "word", "asking"), _REFUSED)
def test_a_refusal_is_shown_whole(client: SyncPostgrestClient, code: str, word: str, asking: Asking) -> None:
    with pytest.raises(postgrest.APIError) as refused:
        asking(client.from_("firms")).execute()
    shown = refused.value
    assert shown.code == code
    assert word in (shown.message or "")
    assert shown.details
    assert shown.hint
    assert "canary" not in str(shown.json())


def test_an_unknown_table_is_named(client: SyncPostgrestClient) -> None:
    with pytest.raises(postgrest.APIError) as refused:
        client.from_("firm").select("*").execute()
    assert refused.value.code == "unknown-dataset"
