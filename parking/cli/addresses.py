"""Whether an address can be listened on, asked before anything is started for nothing."""

from __future__ import annotations

import socket

from parking.kernel.errors import invalid


def refuse_a_taken_address(host: str, port: int, remedy: str) -> None:
    """ParkingError where nobody can listen; it says why, and the remedy."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with socket.socket(found[0], socket.SOCK_STREAM) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(found[4])
    except OSError as error:
        message = f"{host}:{port} cannot be listened on: {error.strerror}; {remedy}"
        raise invalid("settings.address", message) from None
