"""Keys, member registry, grants and profiles of a demo world: made anew at each start, by nobody's hand."""

import os
import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from schemas.contracts.catalogue import Catalogue
from schemas.contracts.load import load_readable
from schemas.trust import keys, signed
from schemas.trust.keys import KeyPair
from schemas.trust.link_keys import LinkKeys, new_link_key, write_link_keys
from schemas.trust.model import Role
from schemas.trust.sealing import sealed_links
from services.cli.world.plan import (
    ASKING_MEMBER,
    CITIZEN_SERVICES,
    ENTERPRISE_REGISTER,
    GATEWAY,
    REGISTRAR,
    DepartmentPlan,
    WorldPlan,
)
from services.client.profile import Profile
from services.engine.access.putting import put

#: What the story and the README ask for.
CASE = "case:330200-2026-000017"
GRANT_ID = "G-2026-0001"
IDENTIFIED = "identified:demo-session-1"
_VALID = timedelta(days=30)
_PURPOSE = "核验申请人身份"
#: What some systems do beside what their like do.
_ROLES = {
    f"{CITIZEN_SERVICES}/desk": Role.CITIZEN_SERVICES,
    f"{ENTERPRISE_REGISTER}/node": Role.ENTERPRISE_REGISTER,
}
#: What came of the one request: each department granted items of its own dataset, and holds its own grant alone.
_GRANTED = {
    "market_regulation": ("legal_representatives", ("credit_code", "name", "id_number", "position")),
    "public_security": ("residents", ("id_number", "name")),
}


def make_trust(plan: WorldPlan) -> dict[str, str]:
    """Write everything that trust needs under the plan's folders; the authority's public keys by key id."""
    plan.trust.mkdir(parents=True, exist_ok=True)
    plan.profiles.mkdir(parents=True, exist_ok=True)
    authority = keys.new_key()
    systems = {f"{one.member}/records": (one.member, keys.new_key()) for one in plan.departments}
    systems[f"{CITIZEN_SERVICES}/desk"] = (CITIZEN_SERVICES, keys.new_key())
    nodes = {f"{one.member}/node": (one.member, keys.new_key()) for one in plan.departments}
    systems[f"{ASKING_MEMBER}/window"] = (ASKING_MEMBER, keys.new_key())
    gateway, registrar = (GATEWAY, keys.new_key()), (REGISTRAR, keys.new_key())
    now = datetime.now(UTC).replace(microsecond=0)
    offices = {f"{one.member}/grants": (one.member, keys.new_key()) for one in _offices(plan)}
    listed = [*_lines(systems), *_lines(nodes, Role.NODE), *_lines({GATEWAY: gateway}, Role.GATEWAY)]
    listed += _lines(offices, Role.OFFICE)
    listed += _lines({REGISTRAR: registrar}, Role.REGISTRAR)
    _write_signed(plan.registry, _registry(listed, now), authority)
    plan.gateway_registry.write_bytes(plan.registry.read_bytes())
    trusted = {authority.key_id: authority.public_hex}
    anybody = _anybody(plan, trusted)
    anybody.save(plan.profiles / "anonymous.json")
    for system, (member, key) in systems.items():
        _save_profile(plan, anybody, system, member, key)
    for one in plan.departments:
        one.folder.mkdir(parents=True, exist_ok=True)
        _write_signed(one.grants, _grants(one.kind, now), authority)
        one.node_key.write_bytes(keys.write_private(nodes[f"{one.member}/node"][1]))
        for name in ("pseudonym.key", "cursor.key"):
            (one.folder / name).write_bytes(secrets.token_bytes(32))
    _write_link_keys(plan, now)
    for one in _offices(plan):
        one.grants_key.write_bytes(keys.write_private(offices[f"{one.member}/grants"][1]))
    (plan.trust / "gateway-cursor.key").write_bytes(secrets.token_bytes(32))
    plan.gateway_key.write_bytes(keys.write_private(gateway[1]))
    plan.registrar_key.write_bytes(keys.write_private(registrar[1]))
    plan.authority_key.write_bytes(keys.write_private(authority))
    return trusted


def _write_link_keys(plan: WorldPlan, now: datetime) -> None:
    """For each department the keys of those links of personal items whose other end is kept in this world too."""
    made = {ends: new_link_key(now) for ends in sealed_links(Catalogue(load_readable()))}
    kinds = {one.kind for one in plan.departments}
    for one in plan.departments:
        own = {
            ends: (key,)
            for ends, key in made.items()
            if one.kind in (held := {end.partition(".")[0] for end in ends}) and held <= kinds
        }
        put(one.link_keys, write_link_keys(LinkKeys(own)))


def _offices(plan: WorldPlan) -> list[DepartmentPlan]:
    return [plan.office] if plan.office is not None else []


def _lines(systems: dict[str, tuple[str, KeyPair]], role: Role = Role.SYSTEM) -> list[dict[str, Any]]:
    """The registry's lines of systems that do the same."""
    return [
        {
            "id": member,
            "system": system,
            "role": _ROLES.get(system, role),
            "keys": {key.key_id: key.public_hex},
        }
        for system, (member, key) in systems.items()
    ]


def _registry(members: list[dict[str, Any]], now: datetime) -> dict[str, object]:
    return {
        "number": 1,
        "issued": now.isoformat(),
        "expires": (now + _VALID).isoformat(),
        "members": members,
    }


def _grants(kind: str, now: datetime) -> dict[str, object]:
    until = (now + _VALID).isoformat()
    granted = [_GRANTED[kind]] if kind in _GRANTED else []
    grants = [
        {
            "id": GRANT_ID,
            "member": ASKING_MEMBER,
            "dataset": f"{kind}.{dataset}",
            "items": list(items),
            "purpose": _PURPOSE,
            "not_before": now.isoformat(),
            "expires": until,
        }
        for dataset, items in granted
    ]
    return {"number": 1, "issued": now.isoformat(), "expires": until, "grants": grants}


def _write_signed(path: Path, document: dict[str, object], authority: KeyPair) -> None:
    path.write_text(signed.sign(document, authority))


def _anybody(plan: WorldPlan, trusted: dict[str, str]) -> Profile:
    """Who knows the members, so that receipts are looked at, and is none of them."""
    return Profile(
        gateway=plan.gateway_url,
        node=GATEWAY,
        bootstrap=plan.bootstrap,
        registry_file=os.path.relpath(plan.registry, plan.profiles),
        authority_keys=trusted,
    )


def _save_profile(plan: WorldPlan, anybody: Profile, system: str, member: str, key: KeyPair) -> None:
    name = member.partition(".")[2]
    (plan.profiles / f"{name}.key.pem").write_bytes(keys.write_private(key))
    replace(
        anybody,
        member=member,
        system=system,
        officer="officer-0017",
        purpose=IDENTIFIED if member == CITIZEN_SERVICES else CASE,
        key_file=f"{name}.key.pem",
    ).save(plan.profiles / f"{name}.json")
