"""The headers of a call, as API descriptions say them; used by those of gateways, nodes and data offices."""

from typing import Any

from schemas.trust.grants import PURPOSE


def header(name: str, **more: Any) -> dict[str, Any]:
    """One of them, a text; `more` of what a description says of a parameter."""
    return {"name": name, "in": "header", "schema": {"type": "string"}, **more}


_PURPOSE = header("Langqiao-Purpose", description=PURPOSE)
#: Of a question to a gateway or a node; for what is open to everybody, none is needed.
OF_A_QUESTION = (
    _PURPOSE,
    *map(header, ("Langqiao-Officer", "Langqiao-Case", "Contract-Version", "Prefer", "Accept-Signature")),
)
#: Of what members alone ask or do.
OF_A_MEMBER = (header("Langqiao-Officer", required=True), {**_PURPOSE, "required": True})
