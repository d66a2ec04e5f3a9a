"""`langqiao registry`: sign the member registry, so that nodes will read it."""

from schemas.trust.registry import check_document
from services.cli.signing import signing

app = signing("member registry", check_document)
