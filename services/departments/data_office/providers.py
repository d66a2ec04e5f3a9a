"""Which department keeps a dataset, as a call names it or leaves it to the office; used by all desks."""

from schemas.contracts.model import Contract
from schemas.wire.problem import Problem


def provider_of(contract: Contract, named: str | None, office: str) -> str:
    """The department that is named, else the one of the office's own division; Problem bad-body for another kind's."""
    provider = named or f"{office.partition('.')[0]}.{contract.kind}"
    if provider.partition(".")[2] != contract.kind:
        example = f"330200.{contract.kind}"
        raise Problem(
            "bad-body", f"provider is a department that keeps {contract.dataset}, such as {example}."
        )
    return provider
