"""Problems: RFC 9457 problem+json with a stable code, also readable by PostgREST's clients; raised by every room."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import orjson

MEDIA_TYPE = "application/problem+json"


class Origin(StrEnum):
    """Whose fault it is."""

    CALLER = "caller"
    GATEWAY = "gateway"
    NODE = "node"


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One row of the published table: what a code means, and what to do about it."""

    code: str
    status: int
    title: str
    origin: Origin
    remedy: str


def _caller(code: str, status: int, title: str, remedy: str) -> ProblemKind:
    return ProblemKind(code, status, title, Origin.CALLER, remedy)


def _node(code: str, status: int, title: str, remedy: str) -> ProblemKind:
    return ProblemKind(code, status, title, Origin.NODE, remedy)


_ALL = (
    _caller("bad-syntax", 400, "The query cannot be read", "Mend the query at the place named."),
    _caller("unknown-item", 400, "No such item in the contract", "Use an item that the contract names."),
    _caller("unknown-link", 400, "No such link from this dataset", "Use a link that the catalogue names."),
    _caller("unknown-operator", 400, "No such operator", "Use eq neq gt gte lt lte like ilike is in."),
    _caller("bad-value", 400, "The value does not fit the item's type", "Write the value in the item's wire form."),
    _caller("unknown-parameter", 400, "No such parameter", "Use the parameters of the query grammar."),
    _caller("not-filterable", 400, "This item cannot be filtered or ordered by", "See the reason in its contract."),
    _caller("use-post", 400, "A personal item may not stand in a URL", "Send the question to …/query by POST."),
    _caller("too-costly", 400, "The question costs more than the limit", "Narrow it: add a filter or a limit."),
    _caller("bad-cursor", 400, "The cursor is not valid here", "Begin again without a cursor."),
    _caller("bad-body", 400, "The body cannot be read", "Send JSON of the form that the API description gives."),
    _caller("token-required", 401, "This needs a member's token", "Send Authorization: Bearer with a token."),
    _caller("bad-vouching", 401, "Nobody vouches for who asks", "Sign anew that the person was identified."),
    _caller("bad-token", 401, "The token is not accepted", "Make a new token with a registered key."),
    _caller("bad-message", 401, "The message is not accepted",
            "Sign the call anew with the key of the token's own system, and send it once."),
    _caller("bad-question", 401, "The caller's question is not accepted",
            "Sign the call anew with the key of the token's own system, its Langqiao-Question included."),
    _caller("question-required", 403, "Conditional personal data need a question that the caller signed",
            "Sign the call, its Langqiao-Question included, with the key of the token's own system."),
    _caller("purpose-required", 403, "The call does not say what it is for", "Send the purpose and the officer."),
    _caller("grant-required", 403, "No grant covers these items", "Apply for a grant that names them."),
    _caller("unknown-grant", 403, "The purpose names no grant of the caller that is in force",
            "Name a grant of the member that asks, or the case that the call is for."),
    _caller("case-required", 403, "This use needs an open case",
            "Send Langqiao-Case with the reference that whoever keeps the case has signed."),
    _caller("case-refused", 403, "The case's reference is not accepted",
            "Have the reference issued anew, for this member and about whom the question is about."),
    _caller("vouching-required", 403, "Only who was identified asks what was asked about them",
            "Ask through a citizen-services system of the registry."),
    _caller("not-represented", 403, "No register names the person as who represents the enterprise",
            "Have the enterprise's registration mended at its department."),
    _caller("item-withheld", 403, "The item is not shared", "Leave the item out of the question."),
    _caller("not-owner", 403, "Only the department's own systems write here", "Ask the department to change it."),
    _caller("unknown-dataset", 404, "No such dataset", "See /catalogue for the datasets."),
    _caller("unknown-version", 404, "The dataset is not served in that version", "See /catalogue for the versions."),
    _caller("unknown-record", 404, "No such record", "Check the record id."),
    _caller("unknown-path", 404, "No such address", "See /docs for the addresses."),
    _caller("method-not-allowed", 405, "Not possible at this address", "Use one of the methods in Allow."),
    _caller("not-one-record", 406, "The question did not meet exactly one record", "Ask for an array, or narrow it."),
    _caller("not-acceptable", 406, "No such form of answer", "Accept application/json."),
    _caller("record-exists", 409, "A record with this key exists", "Replace it, or use another key."),
    _caller("key-reused", 409, "The idempotency key was used for another body", "Use a new key."),
    _caller("bad-checkpoint", 400, "The checkpoint is not accepted", "Sign it with the node's own registered key."),
    _caller("bad-registry", 400, "The registry, or the word on one, is not accepted",
            "Send it as the authority signed it, before it expires."),
    _caller("registry-older", 409, "A newer registry is in force, or another one of this number",
            "Publish the registry under a higher number."),
    _caller("checkpoint-contradicted", 409, "A later or another state of this log is held",
            "Find out who wrote the log's past anew: both checkpoints are kept as evidence."),
    _caller("step-refused", 409, "The step may not be taken now", "See `reason`, and how the matter stands."),
    _caller("major-retired", 410, "The dataset is not served in that version any more",
            "Ask for the version that `instead` names, which its contract in /catalogue describes."),
    _caller("stale-version", 412, "The record has changed since it was read", "Read it again and repeat the change."),
    _caller("too-large", 413, "The body or the list of keys is over the limit", "Split it into smaller calls."),
    _caller("bad-range", 416, "The range lies beyond the answer", "Ask for a range within the count."),
    _caller("contract-violated", 422, "The record does not keep the contract", "Mend the items named."),
    _caller("precondition-required", 428, "The change does not say which version it changes", "Send If-Match."),
    _caller("quota-spent", 429, "The grant's calls of this day are used up", "Ask again after Retry-After seconds."),
    _caller("too-many-calls", 429, "The grant allows fewer calls a second", "Ask again after Retry-After seconds."),
    _node("database-away", 503, "The department's database does not answer", "Try again after Retry-After seconds."),
    _node("dataset-stale", 503, "The department's table no longer fits the dataset",
          "Ask again later: the department must mend its table, or say anew how it shows the dataset."),
    _node("registry-stale", 503, "The department has had no word of the member registry for too long",
          "Ask again later: it must hear from the authority again before it gives anything on a grant."),
    _node("link-key-missing", 503, "The department lacks the key of a link",
          "Have its departments take the link's key: `langqiao keys link`."),
    _node("log-unavailable", 503, "The access log takes no entry", "Try again after Retry-After seconds."),
    _node("deadline-passed", 503, "The answer was not ready in the time given", "Allow more time, or narrow it."),
    _node("not-ready", 503, "The service is not ready", "See /health for the reason."),
    _node("internal", 500, "The service failed", "Report the question id to the data office."),
    ProblemKind("not-asked", 403, "A gateway asks what its caller did not ask", Origin.GATEWAY,
                "Report it to the data office: the gateway's call goes beyond the signed question."),
    ProblemKind("sealed-key-refused", 403, "A gateway sends join keys that open for no such link and question",
                Origin.GATEWAY, "Report it to the data office: the keys were altered, or sealed for something else."),
    ProblemKind("source-missing", 503, "A needed department did not answer", Origin.NODE,
                "Try again, or accept a partial answer: Prefer: partial=allow."),
    ProblemKind("source-faulty", 502, "A department answered against its contract", Origin.NODE,
                "Report it to the data office."),
    ProblemKind("too-many-hops", 508, "The question went round in a circle", Origin.GATEWAY,
                "Mend the gateways' lists of nodes."),
)  # fmt: skip

#: The one published table of problem codes.
KINDS: Mapping[str, ProblemKind] = {one.code: one for one in _ALL}


@dataclass(slots=True)
class Problem(Exception):
    """One problem met by one call. `code` is a key of KINDS; `detail` and `members` never hold a personal value.

    `members` are further JSON members (`parameter`, `position`, `items`, `nearest`, `sources`, `estimate`…);
    `headers` go into the HTTP answer (`Retry-After`, `Allow`).
    """

    code: str
    detail: str
    hint: str | None = None
    members: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        Exception.__init__(self, self.code, self.detail)

    @property
    def kind(self) -> ProblemKind:
        return KINDS[self.code]

    @property
    def status(self) -> int:
        return self.kind.status

    def as_json(self) -> dict[str, Any]:
        """RFC 9457's members, then PostgREST's, then this problem's own."""
        kind = self.kind
        return {
            "type": f"urn:langqiao:problem:{kind.code}",
            "title": kind.title,
            "status": kind.status,
            "detail": self.detail,
            "origin": kind.origin.value,
            "code": kind.code,
            "message": self.detail,
            "details": kind.title,
            "hint": self.hint or kind.remedy,
            **self.members,
        }

    def body(self) -> bytes:
        return orjson.dumps(self.as_json())
