"""`langqiao grants`: sign the grants, so that nodes will read it."""

from schemas.trust.grants import check_document
from services.cli.signing import signing

app = signing("grants", check_document)
