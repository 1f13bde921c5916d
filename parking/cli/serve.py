"""`parking serve`: the server, until it is told to stop; SIGTERM finishes what is in hand."""

from __future__ import annotations

import uvicorn

from parking.bootstrap import settings as server_settings
from parking.bootstrap.server import create_app
from parking.plumbing import logs


def serve() -> None:
    """Run the server. Settings come from the environment (`parking config show`)."""
    settings = server_settings.load()
    logs.set_up(json=settings.log_json, level=settings.log_level.upper())
    app = create_app(settings)
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,  # a path may carry a code; our own logs say what matters
        ws="websockets-sansio",
        timeout_graceful_shutdown=5,
        server_header=False,
    )
