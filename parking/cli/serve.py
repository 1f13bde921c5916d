"""`parking serve`: the server, until it is told to stop; SIGTERM finishes what is in hand."""

from __future__ import annotations

import socket
from types import FrameType

import uvicorn

from parking import migrations
from parking.bootstrap import settings as server_settings
from parking.bootstrap.server import create_app
from parking.kernel.errors import invalid
from parking.plumbing import logs
from parking.web.frames import FrameProtocol, StreamProtocol


def serve() -> None:
    """Run the server. Settings come from the environment (`parking config show`)."""
    settings = server_settings.load()
    migrations.refuse_another_shape(settings.database_url)
    _refuse_a_taken_address(settings.host, settings.port)
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


def _refuse_a_taken_address(host: str, port: int) -> None:
    """ParkingError where nobody can listen, before anything is started for nothing."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with socket.socket(found[0], socket.SOCK_STREAM) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(found[4])
    except OSError as error:
        message = f"{host}:{port} cannot be listened on: {error.strerror}; is a server running? else set PARKING_HOST or PARKING_PORT"
        raise invalid("settings.address", message) from None


class _Server(uvicorn.Server):
    """Lets the long polls of gate boxes go before it waits for its connections to end."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.config.app.state.about_to_stop()  # type: ignore[union-attr]  # it is our own FastAPI application
        super().handle_exit(sig, frame)
