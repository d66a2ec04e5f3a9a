"""Rule: importing a module builds nothing: no settings, app, engine, client, connection, process, thread or file."""

import json
import os
import subprocess
import sys

from tests.house import tree

#: Runs in a process of its own: imports every module, then says what this did to the world and what it left behind.
_IMPORT_ALL = """
import gc, importlib, json, sys, threading

deeds = []
EVENTS = {"sqlite3.connect", "subprocess.Popen", "os.system", "os.fork", "socket.connect", "socket.bind"}

def watch(event, arguments):
    if event in EVENTS:
        deeds.append(event)
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        deeds.append("open for writing")

sys.addaudithook(watch)
rooms = json.load(sys.stdin)
for module in rooms:
    before = len(deeds)
    importlib.import_module(module)
    deeds[before:] = [f"{module}: {deed}" for deed in deeds[before:]]

import aiohttp, aiokafka, fastapi, httpx, pydantic_settings, sqlalchemy, starlette.applications
built = (pydantic_settings.BaseSettings, starlette.applications.Starlette, sqlalchemy.Engine, aiohttp.ClientSession,
         httpx.Client, httpx.AsyncClient, aiokafka.AIOKafkaProducer, aiokafka.AIOKafkaConsumer)
left = [type(thing).__qualname__ for thing in gc.get_objects() if issubclass(type(thing), built)]
if threading.active_count() > 1:
    left.append("a thread")
json.dump(deeds + left, sys.stdout)
"""


def _module_names() -> list[str]:
    parts = (path.relative_to(tree.ROOT).with_suffix("").parts for path in tree.modules(*tree.PRODUCT))
    return [".".join(part for part in one if part != "__init__") for one in parts if one[-1] != "__main__"]


def _imports_itself_only(module: str) -> bool:
    """Alembic's scripts run inside a migration, and cannot be imported otherwise."""
    return "migrations" not in module


def test_importing_every_module_builds_nothing() -> None:
    names = [module for module in _module_names() if _imports_itself_only(module)]
    ran = subprocess.run(
        [sys.executable, "-c", _IMPORT_ALL],
        input=json.dumps(names),
        cwd=tree.ROOT,
        env={**os.environ, "PYTHONPATH": str(tree.ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == []
