"""The descriptor and the envelope as they travel: the same on both sides, and strict where a node is told apart."""

import pytest
from pydantic import ValidationError

from schemas.wire.answer import MISSING, Answer, Source, SourceState
from schemas.wire.descriptor import Descriptor, Offering

_OFFERING = Offering(
    dataset="harbour.boats",
    majors=(1, 2),
    provider="330203.harbour",
    coverage=("330203",),
    records=12,
    estimated_at="2026-05-01T00:00:00Z",
    max_rows=10_000,
    topics={"v1.public": "dev.330203.harbour.boats.v1.public"},
)
_DESCRIPTOR = Descriptor(
    node="330203.harbour", division="330203", offerings=(_OFFERING,), contracts=({"kind": "DataContract"},)
)
_SOURCE = Source(
    node="330203.harbour",
    dataset="harbour.boats",
    path="",
    state=SourceState.FOUND,
    calls=1,
    rows=2,
    milliseconds=3.5,
)


def test_a_descriptor_survives_its_journey() -> None:
    assert Descriptor.model_validate_json(_DESCRIPTOR.model_dump_json()) == _DESCRIPTOR


@pytest.mark.parametrize(
    "changed",
    [{"node": None}, {"another": 1}, {"offerings": [{"dataset": "harbour.boats"}]}, {"contracts": "all"}],
)
def test_another_form_is_no_descriptor(changed: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Descriptor.model_validate({**_DESCRIPTOR.model_dump(), **changed})


def test_an_envelope_survives_its_journey() -> None:
    answer = Answer(data=[{"number": "B1"}], complete=True, total=1, sources=(_SOURCE,))
    assert Answer.model_validate_json(answer.model_dump_json()) == answer


def test_silence_is_never_an_answer() -> None:
    assert set(SourceState) - MISSING == {SourceState.FOUND, SourceState.NOT_FOUND}
