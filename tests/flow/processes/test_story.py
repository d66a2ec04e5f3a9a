"""The demo's four acts, told by real processes; each act holds its answers against the departments' own tables."""

import io

import pytest

from services.cli.story import change, outage, question, refusal
from services.cli.story.stage import Stage, WrongAnswer


def _printed(stage: Stage) -> str:
    assert isinstance(stage.console.file, io.StringIO)
    return stage.console.file.getvalue()


def test_one_question_is_answered_by_many_departments_with_its_plan(stage: Stage) -> None:
    question.tell(stage)
    said = _printed(stage)
    assert stage.restaurant.name in said
    for kind in ("market_regulation", "taxation", "human_resources", "credit"):
        assert kind in said.partition(stage.restaurant.name)[0], f"the plan must name {kind}"


def test_a_change_by_plain_sql_arrives_as_an_event(stage: Stage) -> None:
    change.tell(stage)
    assert "cn.gov.market_regulation.enterprises.updated" in _printed(stage)
    assert stage.timings["event"] > 0


def test_a_dead_department_is_named_and_the_answer_is_whole_when_it_returns(stage: Stage) -> None:
    outage.tell(stage)
    assert "source-missing" in _printed(stage)


def test_a_conditional_item_needs_a_grant(stage: Stage) -> None:
    refusal.tell(stage)
    assert "grant-required" in _printed(stage)


def test_the_parts_of_an_answer_come_in_the_order_asked(stage: Stage) -> None:
    with question.bridge_of(stage) as bridge:
        (record,) = question.ask(bridge, stage)
    parts = "licences credit_ratings arrears penalties headcounts representatives"
    assert list(record) == ["name", "status", "address", *parts.split()]


def test_the_story_notices_a_wrong_answer(stage: Stage) -> None:
    with question.bridge_of(stage) as bridge:
        answer = question.ask(bridge, stage)
    answer[0]["licences"].append({})
    with pytest.raises(WrongAnswer, match="licences"):
        question.check(stage, answer)
