"""What comes in a form can be counted, kept and written: no number is without bounds, however deep it stands."""

from collections.abc import Iterator
from typing import Any

import pytest

from services.departments.data_office.forms import (
    CORRECTION_FORMS,
    ENTRY_FORMS,
    REQUEST_FORMS,
    Applying,
    Drafting,
    Filing,
    Form,
)
from tests.services.departments.data_office.conftest import FILING, OFFICE, PROVIDER, REQUESTER, Bureau

_FORMS: set[type[Form]] = {
    Applying,
    Drafting,
    Filing,
    *REQUEST_FORMS.values(),
    *CORRECTION_FORMS.values(),
    *ENTRY_FORMS.values(),
}
_FAR = 10**30


def _parts(schema: object) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
    for one in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from _parts(one)


@pytest.mark.parametrize("form", sorted(_FORMS, key=str))
def test_every_part_of_a_form_is_bounded(form: type[Form]) -> None:
    bounds = {"integer": "maximum", "number": "maximum", "array": "maxItems"}
    for part in _parts(form.model_json_schema()):
        bound = bounds.get(str(part.get("type")))
        assert bound is None or bound in part, part
        plain = part.get("type") == "string" and "format" not in part
        assert not plain or "maxLength" in part, part


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("member", "path", "body"),
    [
        (REQUESTER, "corrections", {**FILING, "epoch": _FAR}),
        (REQUESTER, "corrections", {**FILING, "version": _FAR}),
        (REQUESTER, "corrections", {**FILING, "epoch": -1}),
        (PROVIDER, "requests/R-2026-000001/extension-asked", {"working_days": _FAR, "reason": "x"}),
        (OFFICE, "requests/R-2026-000001/extended", {"working_days": -_FAR}),
        (OFFICE, "entries/E-1/update-extended", {"working_days": _FAR}),
    ],
)
async def test_a_number_that_nothing_can_keep_does_not_fit_the_form(
    bureau: Bureau, member: str, path: str, body: dict[str, Any]
) -> None:
    answer = await bureau.take(member, path, body, "far-number")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-body")
