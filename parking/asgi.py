"""The server for other ASGI runners: `uvicorn --factory parking.asgi:create`."""

from __future__ import annotations

from fastapi import FastAPI

from parking.bootstrap import settings
from parking.bootstrap.server import create_app


def create() -> FastAPI:
    """The application, with settings from the environment."""
    return create_app(settings.load())
