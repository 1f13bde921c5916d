"""What every way of logging in shares: how often anybody may try, that another site's page may not, and the cookie that comes of it."""

from __future__ import annotations

import threading
from collections.abc import Collection

from fastapi import Request, Response

from parking.kernel.clock import Clock
from parking.kernel.errors import ErrorKind, ParkingError
from parking.security.device_words import device_words
from parking.security.middleware import COOKIE, our_own
from parking.security.model import Operator, Whence
from parking.security.service import SESSION_LASTS, LogIns, principal_of
from parking.web.limits import RateExceeded, RateLimit, network_of
from parking.web.schemas import Strict

WINDOW_S = 300.0
TRIES_OF_AN_ADDRESS, TRIES_OF_A_USER_THERE, TRIES_OF_A_USER = 30, 6, 100  # in any WINDOW_S
CHALLENGES_OF_AN_ADDRESS = 60


class Me(Strict):
    username: str
    display_name: str
    roles: list[str]
    scopes: list[str]

    @classmethod
    def of(cls, operator: Operator) -> Me:
        return cls(
            username=operator.username,
            display_name=operator.display_name,
            roles=list(operator.roles),
            scopes=sorted(principal_of(operator).scopes),
        )


class LogInLimits:
    """How often anybody may try: by address, by user name from one address, by user name from anywhere.

    A passkey cannot be guessed: what others try from anywhere does not keep it out. Addresses of one network (`network_of`) are one:
    whoever has IPv6 has as many as he likes.
    """

    def __init__(self, clock: Clock, log_ins: LogIns) -> None:
        self._log_ins = log_ins
        self._lock = threading.Lock()  # routes that wait for a password's check run in threads
        self._address = RateLimit(TRIES_OF_AN_ADDRESS, WINDOW_S, clock)
        self._user_there = RateLimit(TRIES_OF_A_USER_THERE, WINDOW_S, clock)
        self._user = RateLimit(TRIES_OF_A_USER, WINDOW_S, clock)
        self._challenges = RateLimit(CHALLENGES_OF_AN_ADDRESS, WINDOW_S, clock)
        self._told = RateLimit(1, WINDOW_S, clock)

    def check(self, address: str, username: str) -> None:
        """Count one attempt; RateExceeded when it is one too many, whether or not the user exists. Writes: call it from a thread."""
        self.check_address(address)
        self.check_user(address, username)

    def check_address(self, address: str) -> None:
        """The first half of `check`, where it is not yet known who it is."""
        self._counted(address, (self._address, network_of(address)))

    def check_user(self, address: str, username: str) -> None:
        """The second half."""
        self.check_user_there(address, username)
        self._counted(address, (self._user, username))

    def check_user_there(self, address: str, username: str) -> None:
        """Of the second half what counts for a passkey, too."""
        self._counted(address, (self._user_there, f"{network_of(address)} {username}"))

    def check_challenge(self, address: str) -> None:
        """Count one challenge handed out."""
        self._counted(address, (self._challenges, network_of(address)))

    def _counted(self, address: str, *counts: tuple[RateLimit, str]) -> None:
        try:
            with self._lock:
                for limit, caller in counts:
                    limit.check(caller)
        except RateExceeded:
            if self._first_in_window(address):
                self._log_ins.limited(address)
            raise

    def _first_in_window(self, address: str) -> bool:
        """Whether this network has not been reported in this window: a flood makes one audit entry, not thousands."""
        try:
            with self._lock:
                self._told.check(network_of(address))
        except RateExceeded:
            return False
        return True


def whence(request: Request) -> Whence:
    """Where a request comes from."""
    address = request.client.host if request.client else ""
    return Whence(address, device_words(request.headers.get("user-agent", "")))


def refuse_foreign_pages(request: Request, origins: Collection[str]) -> None:
    """ParkingError where a page of another site asks."""
    origin = request.headers.get("origin")
    if origin is not None and not our_own(origin, request.headers.get("host"), origins):
        raise ParkingError(ErrorKind.FORBIDDEN, "origin.refused", "log in from this system's own page")


def give_cookie(request: Request, response: Response, token: str) -> None:
    """The session's token, for the browser alone."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(SESSION_LASTS.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
