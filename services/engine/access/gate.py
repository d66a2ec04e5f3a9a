"""The one access stage of a node: from a call to its caller, and to what this caller may have."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from ssl import SSLContext

from schemas.contracts.model import Contract
from schemas.query.bound import BoundQuery
from schemas.trust import cases, message
from schemas.trust.access import Decided, decide, decide_write
from schemas.trust.elsewhere import Brief
from schemas.trust.follows import Step
from schemas.trust.grants import Grants
from schemas.trust.message import Message, MessageRefused, Sent
from schemas.trust.model import Caller, Case, Grant, Role
from schemas.trust.offices import granting
from schemas.trust.retiring import Retirements, over
from schemas.trust.token import TokenCache, refused
from schemas.wire import headers as names
from schemas.wire.problem import Problem
from services.engine.access.came import Came
from services.engine.access.issuing import Issuing, open_issuing
from services.engine.access.kept_grants import KeptGrants
from services.engine.access.kept_registry import KeptRegistry, open_registry
from services.engine.access.link_keys import KeptLinkKeys
from services.engine.access.questions import Arrived, Questions
from services.engine.access.spent import Spent
from services.engine.grants_settings import grants_in_force
from services.engine.log.access_log import AccessLog
from services.engine.settings import Settings

_ANONYMOUS = Caller()
_NONE = Grants()


@dataclass(frozen=True, slots=True)
class Gate:
    """Deny by default: what `decide` does not allow is refused. `owner` is this department's member id, `node` the id
    that messages for it name; `came` knows the messages that came, `spent` how often
    grants were leaned on, `questions` judges what gateways ask for others, by `link_keys` join keys are sealed."""

    owner: str
    node: str
    messages_required: bool
    cases_required: bool
    registry: KeptRegistry
    grants: KeptGrants
    tokens: TokenCache
    came: Came
    spent: Spent
    questions: Questions
    link_keys: KeptLinkKeys
    issuing: Issuing | None
    clock: Callable[[], datetime]

    def refresh(self) -> None:
        """Take up changed files; called at start and by the health checks."""
        self.registry.refresh()
        self.grants.trust(granting(self.registry.authority, self.registry.value, self.owner))
        self.grants.refresh()

    @property
    def retiring(self) -> Retirements:
        """The majors of this department that end on a day, as its office said last; whether it can still be asked or
        not."""
        return self.grants.value.retiring

    @property
    def over(self) -> frozenset[tuple[str, int]]:
        """Those of them that are no more."""
        return over(self.retiring, self.clock())

    async def meet(self, headers: Mapping[str, str]) -> None:
        """Before `caller`: have the key of a token that is an issuer's, where it can be had."""
        token = headers.get("authorization", "").partition(" ")[2].strip()
        if self.issuing is not None and self.issuing.made(token):
            await self.issuing.meet(token)

    def caller(self, headers: Mapping[str, str]) -> Caller:
        """Who calls; anonymous without Authorization. Problem bad-token, case-refused."""
        authorization = headers.get("authorization")
        if authorization is None:
            return _ANONYMOUS
        scheme, _, text = authorization.partition(" ")
        if scheme.lower() != "bearer" or not text.strip():
            raise Problem("bad-token", "Authorization takes Bearer and a token.")
        caller, officer = self._speaks_for(text.strip()), headers.get(names.OFFICER, "").strip() or None
        if caller.officer is not None and officer not in (None, caller.officer):
            raise refused("wrong-officer")
        case = headers.get(names.CASE)
        return replace(
            caller,
            officer=caller.officer or officer,
            purpose=headers.get(names.PURPOSE) or None,
            case=None if case is None else cases.check(case, self.registry.value, self.clock()),
        )

    def _speaks_for(self, token: str) -> Caller:
        """Who a token speaks for, whoever vouches for that: the system's own key, or an issuer. Problem bad-token."""
        if self.issuing is not None and self.issuing.made(token):
            return self.issuing.check(token, self.registry.value)
        return self.tokens.check(token, self.registry.value, self.clock())

    def needs_check(self, headers: Mapping[str, str], caller: Caller) -> bool:
        """Whether the call must be a message that is for this node, unaltered and once: every call that bears a token,
        and whatever is signed. Problem bad-message where it is not signed and must be."""
        if message.is_signed(headers):
            return True
        if self.messages_required and not caller.anonymous:
            raise _refused("missing")
        return False

    async def sent(self, call: Message, caller: Caller, *, entered: bool = True) -> Sent:
        """A signed message, which has come now: from the token's own system, or from a gateway, which sends on. What
        is not `entered` in the access log must have been made since this process began. Problem bad-message,
        LogUnavailable."""
        # One moment for both: what is still valid is still remembered.
        now = self.clock()
        try:
            found = message.check(call, self.registry.value, now, node=self.node)
        except MessageRefused as refused:
            raise _refused(refused.reason) from None
        sender = found.sender
        if not caller.anonymous and sender.role is not Role.GATEWAY and sender.system != caller.system:
            raise _refused("wrong-sender")
        if not await self.came.first(found, now, entered=entered):
            raise _refused("replayed")
        return found

    def decide(self, query: BoundQuery, caller: Caller, *, addressed: bool = False) -> Decided:
        """What of the question this caller may have; Problem token-required, purpose-required, … With `addressed` it is
        put to records by their ids."""
        now = self.clock()
        decided = decide(query, caller, self._grants(caller), now, owner=self.owner, addressed=addressed)
        if self._case_alone(caller):
            cases.require(query, caller, addressed=addressed)
        return decided

    def only(self, caller: Caller, grant: Grant | None) -> Case | None:
        """The case whose records alone are shown to a caller who leans on this grant, or on none; None: all are."""
        required = self._case_alone(caller) if grant is None else grant.case_required
        return caller.case if required else None

    async def hold(self, step: Step, decided: Decided, call: Arrived) -> None:
        """Problem question-required, bad-question or not-asked where a gateway goes beyond what its caller asked;
        `step` is the question as it was put, `decided` as it was decided."""
        items = step.query.used_items() | {one.item.name: one.item for one in decided.query.columns}
        await self.questions.judge(step, items, call, self.registry.value, self.clock())

    async def spend(self, grant: Grant) -> None:
        """One more of the calls of a grant that a question which was decided leans on. Problem registry-stale,
        quota-spent, too-many-calls; LogUnavailable."""
        self.registry.require_word()
        await self.spent.take(grant)

    def under(self, contract: Contract, caller: Caller) -> Grant | None:
        """The first fitting grant that a call's purpose names, whether what is asked is due to it or not."""
        return self._grants(caller).named(caller, contract.dataset, self.clock(), self.owner)

    def named(self, caller: Caller) -> tuple[Grant | Brief, ...]:
        """The caller's own grants that its purpose names and that hold now, whatever they are for, also at other
        departments."""
        return self.grants.value.of_caller(caller, self.clock())

    def stands(self, grant: Grant, contract: Contract, caller: Caller) -> bool:
        """Whether a grant that a call leaned on is still one that its purpose names, and unchanged."""
        return grant in self._grants(caller).fitting(caller, contract.dataset, self.clock(), self.owner)

    def decide_write(self, contract: Contract, caller: Caller) -> None:
        """Only the department's own systems write, and they too say who acts and what for."""
        decide_write(contract, caller, owner=self.owner)
        self.grants.value.require_known(caller, self.clock())

    def _case_alone(self, caller: Caller) -> bool:
        """Whether the call's purpose is a case, which here counts with the case's reference alone. The department's own
        cases are its own affair."""
        named = (caller.purpose or "").startswith("case:")
        return self.cases_required and named and caller.principal != self.owner

    def _grants(self, caller: Caller) -> Grants:
        """The grants that a call may name; none where the member that it acts for is none any more."""
        if caller.on_behalf is None:
            return self.grants.value
        members = (one.id for one in self.registry.value.members.values())
        return self.grants.value if caller.on_behalf in members else _NONE


async def open_gate(
    settings: Settings, log: AccessLog, security: SSLContext | None, clock: Callable[[], datetime]
) -> Gate:
    """The gate with its signed files read once, without which it knows no member and no grant; and with what the log
    says of the time before. `security` is by what an issuer is asked for its keys."""
    registry = open_registry(settings, clock)
    came, spent = Came(log, clock), Spent(log, clock)
    await came.recall()
    gate = Gate(
        settings.department,
        settings.node_id,
        settings.require_messages,
        settings.require_cases,
        registry,
        KeptGrants(grants_in_force(settings), registry.authority, settings.department),
        TokenCache(settings.token_cache),
        came,
        spent,
        Questions(
            settings.kind,
            settings.contracts_dir,
            settings.require_messages and settings.require_questions,
            settings.require_sealed_keys,
        ),
        KeptLinkKeys(settings.link_keys_file, clock),
        open_issuing(settings, security, clock),
        clock,
    )
    gate.refresh()
    return gate


def _refused(reason: str) -> Problem:
    return Problem("bad-message", f"the message is refused: {reason}", members={"reason": reason})
