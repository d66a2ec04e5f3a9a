"""The grants that the office issues for an operator's departments, asked for each time that rights are settled; used by
`langqiao acls`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx

from schemas.trust.grants import Grants
from schemas.trust.holding import Held
from schemas.trust.offices import granting
from schemas.trust.signed import DocumentRefused
from services.client.profile import BadProfile, Profile
from services.client.signing import Signing
from services.directory.known import CannotKnow, registered
from services.directory.settings import Operator
from services.engine.access.kept_grants import KeptGrants

_PATIENCE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class _Office:
    """The office as it is reached once; what came of it is kept in `folder`, and `say` is told what did not come."""

    http: httpx.Client
    folder: Path
    say: Callable[[str], None]

    def grants(self, department: str, held: Held, now: datetime) -> Grants:
        """The newest of a department, as its own node takes them in. Where none come, those that were kept are; they
        allow nothing any more once they have expired."""
        kept = KeptGrants(
            self.folder / f"{department}.jws",
            granting(held.authority, held.registry, department),
            department,
        )
        if kept.path is not None and kept.path.exists():
            kept.refresh()
        try:
            text = self._newer(department, kept.number)
            if text is not None:
                kept.bring(text, now)
        except (httpx.HTTPError, DocumentRefused, OSError, _Unsaid) as fault:
            reason = str(fault) if isinstance(fault, DocumentRefused | _Unsaid) else type(fault).__name__
            self.say(f"The office gave no newer grants of {department}: {reason}")
        return kept.value

    def _newer(self, department: str, number: int) -> str | None:
        answer = self.http.get(f"/office/grants/{department}", headers={"if-none-match": f'"{number}"'})
        if answer.status_code == httpx.codes.NOT_MODIFIED:
            return None
        if answer.status_code != httpx.codes.OK:
            raise _Unsaid(f"it answered {answer.status_code}")
        return answer.text


class _Unsaid(Exception):
    """The office answered without grants."""


def issued(settings: Operator, now: datetime, say: Callable[[str], None]) -> Mapping[str, Grants]:
    """By department, of all that grants_files leaves out; none where there is no office. Raises CannotKnow."""
    if settings.grants_from is None or settings.profile_file is None or settings.grants_folder is None:
        return {}
    held = registered(settings)
    try:
        profile = Profile.load(settings.profile_file)
        security, key = profile.tls(), profile.key()
        headers = profile.headers()
    except BadProfile as fault:
        raise CannotKnow(str(fault)) from fault
    if key is None:
        raise CannotKnow(f"{settings.profile_file}: grants are told to no system without a key")
    with httpx.Client(
        base_url=settings.grants_from,
        headers=headers,
        # The node that a profile names is its gateway; who the office is, is asked of it.
        auth=Signing(key),
        timeout=_PATIENCE_SECONDS,
        trust_env=False,
        verify=security or True,
    ) as http:
        office = _Office(http, settings.grants_folder, say)
        asked = (one for one in settings.departments if one not in settings.grants_files)
        return {one: office.grants(one, held, now) for one in asked}
