"""Other grants than those that the office's tests begin with, and majors that retire, signed by the same authority."""

from datetime import timedelta
from typing import Any

from schemas.law.sharing.limits import legal_day
from schemas.trust import signed
from tests.clock import Clock
from tests.services.engine.api import office
from tests.services.engine.api.conftest import ASKER, Trust


def grant_anew(trust: Trust, clock: Clock, **said: Any) -> None:
    """The one grant from now on: G-1, for owner_id of all vehicles, changed by what is `said`."""
    grant: dict[str, Any] = {
        "id": "G-1",
        "member": ASKER,
        "dataset": f"{office.KIND}.vehicles",
        "items": ["owner_id"],
        "purpose": "核验",
        "not_before": (clock.now - timedelta(days=1)).isoformat(),
        "expires": (clock.now + timedelta(days=9)).isoformat(),
        **said,
    }
    document = {"number": 2, "expires": grant["expires"], "grants": [grant]}
    (trust.folder / "grants.jws").write_text(signed.sign(document, trust.authority))


def retire(trust: Trust, clock: Clock, *, number: int = 2, **said: Any) -> dict[str, Any]:
    """The first major of the inspections ends in ninety days, of which users are told now, changed by what is `said`;
    there is no grant. The document that says so is good for an hour."""
    one: dict[str, Any] = {
        "dataset": f"{office.KIND}.inspections",
        "major": 1,
        "noticed": clock.now.isoformat(),
        "ends": (legal_day(clock.now) + timedelta(days=90)).isoformat(),
        **said,
    }
    expires = (clock.now + timedelta(hours=1)).isoformat()
    document = {"number": number, "expires": expires, "grants": [], "retiring": [one]}
    (trust.folder / "grants.jws").write_text(signed.sign(document, trust.authority))
    return one
