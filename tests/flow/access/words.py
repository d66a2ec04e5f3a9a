"""What an access case sends beside its call: the reference of a case, and the words by which a person asks what was
asked about them; each as it would be right, but for what the case says."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from schemas.trust import cases, signed
from schemas.trust.keys import KeyPair
from schemas.trust.mandates import Mandate, sign_mandate
from schemas.trust.vouching import Vouched, digest_of, vouch
from tests.flow.access.world import CASES, DESK, REGISTER, Trust

#: What `owner_no` holds: the kind that its link leads to.
_OWNER = "roll_office.people.person_no"
_SALT = b"s" * 16


def reference(said: Mapping[str, Any], trust: Trust) -> str:
    """The reference of a case: `about` lists numbers of owners, `member` whose it is, `status` how it stands, `by` who
    signs it; `opened`, `issued` and `until` are hours from now, `text` is sent in its place."""
    if "text" in said:
        return str(said["text"])
    now = trust.clock()
    times = {
        name: now + timedelta(hours=said.get(name, hours))
        for name, hours in (("opened", -24), ("issued", 0), ("until", 1))
    }
    subjects = [(_OWNER, one) for one in said["about"]]
    case = cases.case_of("2026-17", said.get("member", "330200.approvals"), subjects, _SALT)
    key = _key(said.get("by", CASES), trust)
    text = cases.refer(case, key, opened=times["opened"], now=times["issued"], until=times["until"])
    if "status" not in said:
        return text
    return signed.sign({"case": signed.unchecked(text)["case"] | {"status": said["status"]}}, key)


def ask(said: Mapping[str, Any], trust: Trust) -> dict[str, Any]:
    """The body of a person's ask: `person` and `enterprise` are identifiers, `purpose`, `system` and `by` whose word it
    is, `seconds` when it was said; `mandate` is a register's word, `of` another ask where it is not for this one."""
    at = trust.clock() + timedelta(seconds=said.get("seconds", 0))
    system, purpose = said.get("system", DESK), said.get("purpose", "identified:visit-1")
    key = _key(said.get("by", system), trust)
    vouched = vouch(Vouched(system, said["person"], purpose, at, said.get("enterprise")), key)
    if "mandate" not in said:
        return {"vouched": vouched}
    mandate = said["mandate"]
    one = Mandate(mandate.get("node", REGISTER.partition("/")[0]), digest_of(mandate.get("of", vouched)))
    return {"vouched": vouched, "mandates": [sign_mandate(one, _key(mandate.get("by", REGISTER), trust))]}


def _key(signer: str, trust: Trust) -> KeyPair:
    return trust.stranger if signer == "stranger" else trust.systems[signer]
