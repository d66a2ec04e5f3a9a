"""Run one department's service until it is told to end; called by `langqiao department serve`."""

import gc
import logging
import sys

import uvicorn

from schemas.contracts.document import ContractFault
from services.engine.api.app import create_app
from services.engine.node import BadDepartment, Department
from services.engine.settings import Settings
from services.engine.tls import BadTlsFile, open_tls

_GRACE_SECONDS = 10
#: Longer than a gateway keeps an idle connection, so that it is never ours that closes first.
_KEEP_ALIVE_SECONDS = 75
#: Young objects die with their call; a higher first threshold keeps the collector out of most calls.
_FIRST_THRESHOLD = 50_000


def serve(department: Department, settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT, then finish the calls under way; the process's exit code."""
    # A line is written for each call, so nothing is looked up for it that is not shown.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # as logging's own manual says
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        tls = open_tls(settings.tls)
        app = create_app(department, settings, tls=tls)
    except (ContractFault, BadDepartment, BadTlsFile) as fault:
        print(fault, file=sys.stderr)  # noqa: T201 the log's own form would hide file and line
        return 1
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            loop="uvloop",
            http="httptools",
            ws="none",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=_GRACE_SECONDS,
            ssl_context_factory=None if (context := tls.server) is None else lambda *_: context,
        )
    )
    gc.collect()
    gc.freeze()
    gc.set_threshold(_FIRST_THRESHOLD, 10, 10)
    server.run()
    return 0 if server.started else 1
