"""The server for other ASGI runners: `uvicorn --factory parking.asgi:create`."""

from __future__ import annotations

from fastapi import FastAPI

from parking.bootstrap import settings
from parking.bootstrap.server import create_app
from parking.plumbing import logs


def create() -> FastAPI:
    """The application, with settings from the environment; whoever runs it sets logging up, and addresses stay out of it."""
    logs.hush()
    return create_app(settings.load())
