"""Federated answers: what is joined, dropped, ordered and cut."""

from tests.gateway.conftest import Door


async def test_one_question_goes_to_many_departments(door: Door) -> None:
    answer = await door.ask(
        "trade.shops",
        {"select": "name,account(grade),permits(permit_no),debts(tax,amount)", "code": "in.(s00,s07)"},
    )
    assert answer.status_code == 200, answer.text
    assert answer.json() == [
        {
            "name": "店0",
            "account": {"grade": "A"},
            "permits": [{"permit_no": "p00"}, {"permit_no": "p20"}],
            "debts": [{"tax": "stamp", "amount": "10.10"}, {"tax": "vat", "amount": "10.10"}],
        },
        {
            "name": "店7",
            "account": None,
            "permits": [{"permit_no": "p01"}, {"permit_no": "p21"}],
            "debts": [{"tax": "stamp", "amount": "80.80"}, {"tax": "vat", "amount": "80.80"}],
        },
    ]


async def test_the_last_record_behind_a_cursor_can_be_asked_for_as_an_object(door: Door) -> None:
    asked = {"select": "code", "order": "code", "limit": 29}
    first = await door.ask("trade.shops", asked)
    last = await door.ask(
        "trade.shops",
        {**asked, "cursor": first.headers["langqiao-next"]},
        Accept="application/vnd.pgrst.object+json",
    )
    assert (last.status_code, last.json()) == (200, {"code": "s29"})
