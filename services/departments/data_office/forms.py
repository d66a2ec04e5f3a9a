"""What callers send with each step, typed; read by `routes`, and shown in the API description."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from schemas.law.sharing.correction import CorrectionStep
from schemas.law.sharing.entry_rules import EntryStep
from schemas.law.sharing.request_rules import StepKind
from schemas.law.sharing.terms import MOST, MOST_DAYS
from services.departments.data_office.told_to_all import names_nobody

Text = Annotated[str, StringConstraints(max_length=2_000, pattern=r"^[^\x00]*$")]
Name = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00]*$")]
#: What stands in an item that every member reads.
ToldText = Annotated[Text, AfterValidator(names_nobody)]
ToldName = Annotated[Name, AfterValidator(names_nobody)]
Signed = Annotated[str, StringConstraints(min_length=1, max_length=4_096, pattern=r"^[^\x00]*$")]
Days = Annotated[int, Field(ge=0, le=MOST_DAYS)]
#: An epoch or a version: what a database keeps as a whole number.
Counted = Annotated[int, Field(ge=0, le=2**63 - 1)]
_SECOND = Field("", description="The other named person, who consents or approves.")


class Form(BaseModel):
    """One step's body. `facts` is what its record keeps; people and what the office must know stand apart."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    _apart: ClassVar[frozenset[str]] = frozenset({"second", "head", "provider", "vouched", "mandates"})

    @property
    def facts(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude=set(self._apart), exclude_none=True)

    @property
    def second_person(self) -> str:
        return str(getattr(self, "second", "") or getattr(self, "head", "")).strip()


class Often(Form):
    """How often a grant may be leaned on, and whether for cases alone."""

    quota_per_day: int | None = Field(None, ge=1, le=MOST, description="Most calls a day, at one node.")
    calls_per_second: int | None = Field(None, ge=1, le=MOST, description="Most calls a second, at one node.")
    case_required: bool = Field(
        False, description="Whether each use is for an open case, and about whom that is about."
    )


class Applying(Often):
    """A request (article 20). What is left empty, or cannot be read, is a gap, of which one notice tells all."""

    dataset: Name
    provider: ToldName | None = Field(
        None, description="Department that keeps it; none: that of the office's division."
    )
    items: list[ToldName] = Field(default=[], max_length=500)
    rows: ToldText = Field("", description="A filter such as division.eq.330203; empty: all rows.")
    legal_basis: Text = ""
    scenario: Text = ""
    purpose: ToldText = ""
    mode: ToldName = Field("", description="service interface, batch exchange or file download")
    until: Name = Field("", description="Last day of use, such as 2027-03-01.")
    head: Name = Field("", description="The head of the officer's unit, who consents.")
    delegates: list[ToldName] = Field(
        default=[], max_length=100, description="Systems of other members that may use it for this one."
    )
    untold: Text = Field(
        "", description="Legal basis on which persons are not told of its use; of items on condition alone."
    )
    told_after_days: int | None = Field(
        None, ge=1, le=MOST_DAYS, description="Days after which persons are told; none: at once."
    )


class Nothing(Form):
    """A step that says nothing but that it is taken."""


class ByTwo(Form):
    second: Name = _SECOND


class Agreeing(Often, ByTwo):
    """To what was asked for, or to fewer calls, or for cases alone where that was not asked for."""


class Refusing(ByTwo):
    condition: Name = Field(
        "", description="The published condition that is the ground, such as holder.purpose."
    )
    reason: Text = ""


class AskingForTime(ByTwo):
    """More time for an answer (article 21), which the authority grants."""

    working_days: Days = 0
    reason: Text = ""


class Extending(Form):
    """The working days that the authority grants, no more than were asked for."""

    working_days: Days = 0


class Suspending(ByTwo):
    reason: Text = ""
    mend_by: date | None = None


class Reasoned(ByTwo):
    reason: Text = ""


class Deciding(ByTwo):
    decision: Text = ""


class Ordering(Form):
    dispose_by: date | None = None


class Disposing(ByTwo):
    method: Text = ""
    where: Text = ""


class Recording(Form):
    """Use records (article 29)."""

    scenario: Text = ""
    process: Text = ""
    effect: Text = ""
    storage: Text = ""
    destruction: Text = ""


#: The steps of a request that callers take after the first, with what they say.
REQUEST_FORMS: Mapping[StepKind, type[Form]] = {
    StepKind.SUPPLEMENTED: Applying,
    StepKind.AGREED: Agreeing,
    StepKind.REFUSED: Refusing,
    StepKind.EXTENSION_ASKED: AskingForTime,
    StepKind.EXTENDED: Extending,
    StepKind.DELIVERED: Nothing,
    StepKind.SUSPENDED: Suspending,
    StepKind.RESUMED: Reasoned,
    StepKind.ENDED: Reasoned,
    StepKind.DISPOSAL_ORDERED: Ordering,
    StepKind.DISPOSED: Disposing,
    StepKind.USE_RECORDED: Recording,
    StepKind.DISPUTED: Reasoned,
    StepKind.DISPUTE_DECIDED: Deciding,
}


class Filing(Form):
    """An item of a record that somebody says is wrong. The wrong value itself is not asked for: what counts is how the
    record stands when it is filed. Where the subject files, the caller is the citizen-services system that identified
    the person."""

    dataset: Name
    provider: ToldName | None = None
    record: Text = Field(description="Record id.")
    item: Name
    epoch: Counted = Field(description="Epoch and version of the record as it was received.")
    version: Counted
    reason: Text = ""
    vouched: Signed | None = Field(
        None, description="That system's signed word whom it identified; without, the member itself files."
    )
    mandates: list[Signed] = Field(
        default=[],
        max_length=100,
        description="Registers' words that the person represents the enterprise which the word names.",
    )


class Correcting(Form):
    """`received_by`: systems that received the wrong value past the access log, as in a file; those in the log the
    office finds for itself."""

    received_by: list[Name] = Field(default=[], max_length=1_000)


CORRECTION_FORMS: Mapping[CorrectionStep, type[Form]] = {
    CorrectionStep.CORRECTED: Correcting,
    CorrectionStep.UPHELD: Reasoned,
    CorrectionStep.ACKNOWLEDGED: Nothing,
    CorrectionStep.RECEIVERS_ADDED: Correcting,
}


class Drafting(Form):
    """The version of a contract, which the office has, that the entry is of."""

    dataset: Name
    version: Name
    provider: Name | None = None


class Returning(Form):
    gaps: list[Text] = Field(default=[], max_length=100)


class Retiring(Form):
    ends: date | None = None
    reason: Text = ""


class TellingChange(Form):
    """A change of law or duty that the entry does not fit (article 17), and the day on which it came into force."""

    changed_on: date | None = None
    basis: Text = ""


class PuttingOff(Form):
    working_days: Days = 0
    reason: Text = ""


ENTRY_FORMS: Mapping[EntryStep, type[Form]] = {
    EntryStep.APPROVED: Nothing,
    EntryStep.SUBMITTED: Nothing,
    EntryStep.RETURNED: Returning,
    EntryStep.PUBLISHED: Nothing,
    EntryStep.RETIREMENT_NOTICED: Retiring,
    EntryStep.CHANGE_TOLD: TellingChange,
    EntryStep.UPDATE_EXTENDED: PuttingOff,
}
