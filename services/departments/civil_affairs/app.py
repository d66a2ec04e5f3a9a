"""The civil affairs department's service; started by `langqiao department serve`, or by uvicorn through `app`."""

from fastapi import FastAPI

from services.departments.civil_affairs.mapping import mappings
from services.engine.api.app import create_app
from services.engine.node import Department
from services.engine.settings import Settings

DEPARTMENT = Department("civil_affairs", mappings)


def app() -> FastAPI:
    """The service with its settings from LANGQIAO_…, as `uvicorn --factory` calls it."""
    return create_app(DEPARTMENT, Settings())
