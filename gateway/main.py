"""Run the gateway until it is told to end; called by `langqiao gateway serve`."""

import gc
import logging
import sys

import uvicorn
from pydantic import ValidationError

from gateway.app import BadSettings, create_app
from gateway.settings import Settings
from gateway.tls import BadTlsFile, open_tls

_GRACE_SECONDS = 10
_KEEP_ALIVE_SECONDS = 75
#: Young objects die with their call; a higher first threshold keeps the collector out of most calls.
_FIRST_THRESHOLD = 50_000


def main() -> None:
    """Serve by the LANGQIAO_GATEWAY_… settings until SIGTERM or SIGINT; exits 1 when they cannot be used."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        settings = Settings()
        tls = open_tls(settings.tls)
        app = create_app(settings, tls=tls)
    except (ValidationError, BadSettings, BadTlsFile) as fault:
        print(fault, file=sys.stderr)  # noqa: T201 the log's own form would hide which setting is wrong
        raise SystemExit(1) from None
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
    if not server.started:
        raise SystemExit(1)
