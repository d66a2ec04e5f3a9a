"""Calling the bridge over HTTP: one question, one answer; used by the command line, the demo and integrators."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import httpx
import orjson

from schemas.trust.about import DEFAULT_LIMIT, PATH, Ask
from schemas.trust.keys import KeyPair
from schemas.trust.registry import Registry
from schemas.trust.vouching import Vouched, vouch
from schemas.wire import headers
from schemas.wire import problem as problem_form
from services.client.members import BadRegistry
from services.client.profile import BadProfile, Profile
from services.client.receipts import Arrivals, Asked
from services.client.signing import Signing, utc_now

#: Who answers where nobody was told whom to ask: name it in the profile.
_NOBODY = "somebody without a name"


class Refused(Exception):
    """The bridge answered with a problem; `members` is its JSON, `status` the HTTP status."""

    def __init__(self, status: int, members: Mapping[str, Any]) -> None:
        self.status = status
        self.members = members
        super().__init__(f"{status} {members.get('code', '')}: {members.get('detail', '')}")


@dataclass(frozen=True, slots=True)
class Reply:
    """A good answer: its JSON and the headers that matter to the caller."""

    data: Any
    content_range: str | None
    next_cursor: str | None
    milliseconds: float


class Bridge:
    """One gateway or node, asked as one profile, by calls that are signed for it alone. Use as a context manager; not
    shared between threads.

    Where the profile names the member registry, an answer is given to the caller when its receipts have been looked at,
    as far as `services.client.receipts` says: each call then raises BadReceipt too, and BadProfile before it is made
    where the registry cannot be relied on."""

    def __init__(self, profile: Profile, *, base_url: str | None = None, timeout: float = 30.0) -> None:
        self._profile = profile
        self._http = httpx.Client(
            base_url=base_url or profile.gateway,
            timeout=timeout,
            trust_env=False,
            verify=profile.tls() or True,
        )
        self._named = profile.node if base_url in (None, profile.gateway) else ""
        # Read now, so that a profile that cannot be used is met before the first call; and again at each call, for
        # another key may follow it.
        self._signing = None if profile.key() is None else Signing(self._key, node=self._named or None)
        self._members = profile.members()
        self._arrivals = Arrivals(
            profile.member if self._signing is not None else None, profile.on_behalf or None
        )
        # A question is good for as long as its caller waits, and no gateway can use it after that.
        self._waits = {headers.DEADLINE: str(int(timeout * 1_000))}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def ask(
        self,
        dataset: str,
        question: Mapping[str, object],
        *,
        accept: str = headers.JSON,
        prefer: str | None = None,
        version: int | None = None,
        case: str | None = None,
    ) -> Reply:
        """Ask `dataset` (`<kind>.<name>`) by POST, so that nothing personal stands in a URL; raises Refused. `case` is
        the signed reference of the open case that the question is for."""
        kind, _, name = dataset.partition(".")
        wanted = {"Accept": accept}
        if prefer:
            wanted["Prefer"] = prefer
        if version is not None:
            wanted[headers.CONTRACT_VERSION] = str(version)
        if case is not None:
            wanted[headers.CASE] = case
        return self._call("POST", f"/records/{kind}/{name}/query", wanted, orjson.dumps(question))

    def about(
        self,
        person: str,
        *,
        enterprise: str | None = None,
        before: Mapping[str, int] | None = None,
        limit: int = DEFAULT_LIMIT,
    ) -> Any:
        """What all departments were asked about a person (an ID number) whom this system has identified, or about an
        enterprise (a credit code) that the person represents; raises Refused, BadProfile. The profile's purpose is
        `identified:<reference>`. `before` is `next` of the page before."""
        word = Vouched(self._profile.system, person, self._profile.purpose, utc_now(), enterprise)
        ask = Ask(vouch(word, self._key()), before=before or {}, limit=limit)
        return self._call("POST", PATH, {}, orjson.dumps(ask.body())).data

    def explain(self, dataset: str, question: Mapping[str, object]) -> Any:
        """The plan that the question would run by; nothing is read."""
        return self.ask(dataset, question, accept=headers.PLAN).data

    def get(self, path: str) -> Any:
        """A control-plane document such as `/catalogue` or `/health`."""
        return self._call("GET", path, {}, None).data

    def _key(self) -> KeyPair:
        key = self._profile.key()
        if key is None:
            raise BadProfile("this profile names no key, so it can vouch for nobody")
        return key

    def exchange(
        self, method: str, path: str, extra: Mapping[str, str], body: bytes | None
    ) -> tuple[httpx.Response, Any]:
        """One call as it went, and the answer's JSON; raises Refused, BadReceipt, BadProfile."""
        since = utc_now()
        registry = self._registry(since)
        sent = {**self._profile.headers(), **self._waits, **extra}
        if body is not None:
            sent["Content-Type"] = headers.JSON
        answer = self._http.request(method, path, headers=sent, content=body, auth=self._signing)
        data = _json(answer)
        if answer.is_error or answer.headers.get("content-type", "").startswith(problem_form.MEDIA_TYPE):
            raise Refused(answer.status_code, data if isinstance(data, dict) else {})
        if registry is not None:
            called = self._named or (self._signing and self._signing.called(answer.request))
            self._arrivals.look(answer, Asked(called or _NOBODY, registry, since, utc_now()))
        return answer, data

    def _registry(self, now: datetime) -> Registry | None:
        try:
            return None if self._members is None else self._members.at(now)
        except BadRegistry as fault:
            raise BadProfile(str(fault)) from fault

    def _call(self, method: str, path: str, extra: Mapping[str, str], body: bytes | None) -> Reply:
        answer, data = self.exchange(method, path, extra, body)
        return Reply(
            data,
            answer.headers.get("content-range"),
            answer.headers.get("langqiao-next"),
            answer.elapsed.total_seconds() * 1_000,
        )


def _json(answer: httpx.Response) -> Any:
    """The body as JSON, None without one. Refused where something else than the bridge answers at this address."""
    try:
        return orjson.loads(answer.content) if answer.content else None
    except orjson.JSONDecodeError:
        raise Refused(answer.status_code, {"detail": "What answers at this address is no bridge."}) from None
