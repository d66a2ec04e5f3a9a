"""A call's idempotency key, with a keyed digest of what was sent under it; made by `routes`, kept by `books` in the
transaction of the step."""

import hmac

import orjson

from services.departments.data_office.forms import Form
from services.departments.data_office.people import People
from services.engine.api.call import Call
from services.engine.api.write import once_key
from services.engine.source.port import Once


def once_of(call: Call, form: Form, people: People, secret: bytes) -> Once | None:
    """None where the call bears no key; Problem bad-body. The same are a call to the same address by the same officer
    with the same form. The digest is keyed, for a form may hold what is kept nowhere, such as a word on a person."""
    key = once_key(call)
    if key is None:
        return None
    said = [call.path, people.officer, form.model_dump(mode="json")]
    digest = hmac.digest(secret, orjson.dumps(said, option=orjson.OPT_SORT_KEYS), "sha256")
    return Once(key, digest.hex())
