"""The market regulation department's service; started by `langqiao department serve`, or by uvicorn through `app`."""

from fastapi import FastAPI

from services.departments.market_regulation.mapping import mappings
from services.engine.api.app import create_app
from services.engine.node import Department
from services.engine.representation import Representation
from services.engine.settings import Settings

REPRESENTATION = Representation(
    "market_regulation.legal_representatives",
    person="id_number",
    enterprise="credit_code",
    where={"is_legal_representative": "is.true"},
)
DEPARTMENT = Department("market_regulation", mappings, represents=REPRESENTATION)


def app() -> FastAPI:
    """The service with its settings from LANGQIAO_…, as `uvicorn --factory` calls it."""
    return create_app(DEPARTMENT, Settings())
