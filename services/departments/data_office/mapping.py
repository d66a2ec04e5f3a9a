"""How the data office's own tables show its contracts; read by `app` and by the department's tests."""

from schemas.contracts.catalogue import Catalogue
from services.engine.mapping.build import mapping, table
from services.engine.mapping.codecs import Flag, NativeDate, Text, TextTimestamp, Whole
from services.engine.mapping.model import Codec, Mapping, PhysicalTable

_Fields = dict[str, tuple[str, Codec]]

_TEXT, _TIME, _DAY, _NUMBER = Text(null_marks=()), TextTimestamp(), NativeDate(), Whole(text=False)
_YES = Flag(true=("1",), false=("0",))
_CLOCK_COLUMNS = "clock_name changed_at"
_CLOCK_TYPED = {"due_on": "date", "pending_year": "integer", "step_count": "integer"}
#: How far a matter is and which clock runs, alike of requests, corrections and entries.
_CLOCK: _Fields = {
    "clock": ("clock_name", _TEXT),
    "due_on": ("due_on", _DAY),
    "pending_calendar": ("pending_year", _NUMBER),
    "steps": ("step_count", _NUMBER),
    "changed_at": ("changed_at", _TIME),
}
_STEP_COLUMNS = "step_id step_kind taken_at recorded_at party member_id officer second_officer facts"
#: What every step says, whatever it is a step of.
_STEP: _Fields = {
    "step_id": ("step_id", _TEXT),
    "number": ("step_no", _NUMBER),
    "kind": ("step_kind", _TEXT),
    "at": ("taken_at", _TIME),
    "recorded_at": ("recorded_at", _TIME),
    "party": ("party", _TEXT),
    "member": ("member_id", _TEXT),
    "officer": ("officer", _TEXT),
    "second": ("second_officer", _TEXT),
    "facts": ("facts", _TEXT),
}

REQUESTS = table(
    "sharing_request",
    key="request_id",
    text="request_id dataset provider_id requester_id asked_items row_scope purpose sharing_mode state received_at"
    f" agreed_at delivered_at grant_id delegate_systems case_required untold_basis {_CLOCK_COLUMNS}",
    typed={
        "use_until": "date",
        "daily_quota": "integer",
        "call_rate": "integer",
        "told_after": "integer",
        **_CLOCK_TYPED,
    },
    indexes=("provider_id", "state"),
)
REQUEST_STEPS = table(
    "sharing_request_step",
    key="step_id",
    text=f"{_STEP_COLUMNS} request_id condition_name grant_id",
    typed={"step_no": "integer", "extra_days": "integer", "by_day": "date"},
    indexes=("request_id",),
)
CORRECTIONS = table(
    "correction_request",
    key="correction_id",
    text="correction_id dataset provider_id item_name record_ref wrong_version filed_by by_subject state filed_at"
    f" corrected_version {_CLOCK_COLUMNS}",
    typed={"open_systems": "integer", **_CLOCK_TYPED},
    indexes=("provider_id", "state"),
)
CORRECTION_STEPS = table(
    "correction_request_step",
    key="step_id",
    text=f"{_STEP_COLUMNS} correction_id system_id",
    typed={"step_no": "integer"},
    indexes=("correction_id",),
)
ENTRIES = table(
    "catalogue_entry",
    key="entry_id",
    text=f"entry_id dataset contract_version provider_id state submitted_at remaining_users {_CLOCK_COLUMNS}",
    typed={"contract_major": "integer", "ends_on": "date", **_CLOCK_TYPED},
    indexes=("dataset", "state"),
)
ENTRY_STEPS = table(
    "catalogue_entry_step",
    key="step_id",
    text=f"{_STEP_COLUMNS} entry_id",
    typed={"step_no": "integer", "by_day": "date"},
    indexes=("entry_id",),
)

_REQUEST: _Fields = {
    "request_id": ("request_id", _TEXT),
    "dataset": ("dataset", _TEXT),
    "provider": ("provider_id", _TEXT),
    "requester": ("requester_id", _TEXT),
    "items": ("asked_items", _TEXT),
    "rows": ("row_scope", _TEXT),
    "purpose": ("purpose", _TEXT),
    "mode": ("sharing_mode", _TEXT),
    "until": ("use_until", _DAY),
    "state": ("state", _TEXT),
    "received_at": ("received_at", _TIME),
    "agreed_at": ("agreed_at", _TIME),
    "delivered_at": ("delivered_at", _TIME),
    "grant_id": ("grant_id", _TEXT),
    "quota_per_day": ("daily_quota", _NUMBER),
    "calls_per_second": ("call_rate", _NUMBER),
    "delegates": ("delegate_systems", _TEXT),
    "case_required": ("case_required", _YES),
    "untold": ("untold_basis", _TEXT),
    "told_after_days": ("told_after", _NUMBER),
    **_CLOCK,
}
_CORRECTION: _Fields = {
    "correction_id": ("correction_id", _TEXT),
    "dataset": ("dataset", _TEXT),
    "provider": ("provider_id", _TEXT),
    "item": ("item_name", _TEXT),
    "record": ("record_ref", _TEXT),
    "wrong_version": ("wrong_version", _TEXT),
    "filed_by": ("filed_by", _TEXT),
    "by_subject": ("by_subject", _YES),
    "state": ("state", _TEXT),
    "filed_at": ("filed_at", _TIME),
    "corrected_version": ("corrected_version", _TEXT),
    "open_systems": ("open_systems", _NUMBER),
    **_CLOCK,
}
_ENTRY: _Fields = {
    "entry_id": ("entry_id", _TEXT),
    "dataset": ("dataset", _TEXT),
    "version": ("contract_version", _TEXT),
    "major": ("contract_major", _NUMBER),
    "provider": ("provider_id", _TEXT),
    "state": ("state", _TEXT),
    "submitted_at": ("submitted_at", _TIME),
    "ends_on": ("ends_on", _DAY),
    "users": ("remaining_users", _TEXT),
    **_CLOCK,
}
_BY_DAY: _Fields = {"by_day": ("by_day", _DAY)}
_REQUEST_STEP: _Fields = {
    **_STEP,
    "request_id": ("request_id", _TEXT),
    "working_days": ("extra_days", _NUMBER),
    "condition": ("condition_name", _TEXT),
    "grant_id": ("grant_id", _TEXT),
    **_BY_DAY,
}
_CORRECTION_STEP: _Fields = {
    **_STEP,
    "correction_id": ("correction_id", _TEXT),
    "system": ("system_id", _TEXT),
}

_ALL: dict[str, tuple[PhysicalTable, _Fields]] = {
    "requests": (REQUESTS, _REQUEST),
    "request_steps": (REQUEST_STEPS, _REQUEST_STEP),
    "corrections": (CORRECTIONS, _CORRECTION),
    "correction_steps": (CORRECTION_STEPS, _CORRECTION_STEP),
    "entries": (ENTRIES, _ENTRY),
    "entry_steps": (ENTRY_STEPS, {**_STEP, "entry_id": ("entry_id", _TEXT), **_BY_DAY}),
}


def mappings(catalogue: Catalogue) -> tuple[Mapping, ...]:
    """Every contract of the data office over its table."""
    return tuple(
        mapping(catalogue.contract(f"data_office.{name}"), held_by, fields)
        for name, (held_by, fields) in _ALL.items()
    )
