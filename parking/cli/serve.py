"""`parking serve`: the server, until it is told to stop; SIGTERM finishes what is in hand."""

from __future__ import annotations

from types import FrameType

import uvicorn

from parking import migrations
from parking.bootstrap import settings as server_settings
from parking.bootstrap.server import create_app
from parking.cli.addresses import refuse_a_taken_address
from parking.plumbing import logs
from parking.web.frames import FrameProtocol, StreamProtocol


def serve() -> None:
    """Run the server. Settings come from the environment (`parking config show`)."""
    settings = server_settings.load()
    migrations.refuse_another_shape(settings.database_url)
    refuse_a_taken_address(settings.host, settings.port, "is a server running? else set PARKING_HOST or PARKING_PORT")
    logs.set_up(json=settings.log_json, level=settings.log_level.upper())
    config = uvicorn.Config(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        log_config=None,
        proxy_headers=False,  # the application believes PARKING_TRUSTED_PROXIES, under any server
        access_log=False,  # a path may carry a code; our own logs say what matters
        http=StreamProtocol,
        ws=FrameProtocol,
        timeout_graceful_shutdown=5,
        server_header=False,
    )
    _Server(config).run()


class _Server(uvicorn.Server):
    """Lets the long polls of gate boxes go before it waits for its connections to end."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.config.app.state.about_to_stop()  # type: ignore[union-attr]  # it is our own FastAPI application
        super().handle_exit(sig, frame)
