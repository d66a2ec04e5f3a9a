"""The natural resources department's service; started by `langqiao department serve`, or by uvicorn through `app`."""

from fastapi import FastAPI

from services.departments.natural_resources.mapping import mappings
from services.engine.api.app import create_app
from services.engine.node import Department
from services.engine.settings import Settings

DEPARTMENT = Department("natural_resources", mappings)


def app() -> FastAPI:
    """The service with its settings from LANGQIAO_…, as `uvicorn --factory` calls it."""
    return create_app(DEPARTMENT, Settings())
