"""The data office's service; started by `langqiao department serve`, or by uvicorn through `app`."""

from fastapi import FastAPI

from services.departments.data_office.alarms import metrics
from services.departments.data_office.mapping import mappings
from services.departments.data_office.office import keeping
from services.departments.data_office.routes import add_routes
from services.engine.api.app import create_app
from services.engine.node import Department
from services.engine.settings import Settings

DEPARTMENT = Department("data_office", mappings, routes=add_routes, beside=keeping, metrics=metrics)


def app() -> FastAPI:
    """The service with its settings from LANGQIAO_…, as `uvicorn --factory` calls it."""
    return create_app(DEPARTMENT, Settings())
