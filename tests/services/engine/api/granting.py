"""Other grants than those that the office's tests begin with, signed by the same authority."""

from datetime import timedelta
from typing import Any

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
