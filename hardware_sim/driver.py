"""A driver with a phone and a kiosk nearby: finds the stay by its plate at the kiosk, pays with the wallet, and waits.

Everything goes over the public HTTP API, as from a real kiosk and a real phone.
"""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from typing import Any

import httpx

from parking.kernel.plate import Plate


@dataclass(frozen=True, slots=True)
class Paid:
    """What the driver was charged and until when the exit is free."""

    payment_id: str
    amount_minor: int
    leave_by: str | None


class Driver:
    """Pays for stays; every failure is tried again, because a driver would."""

    def __init__(self, client: httpx.AsyncClient, server_url: str, kiosk_token: str, wallet_url: str) -> None:
        self._client = client
        self._server = server_url
        self._kiosk = {"Authorization": f"Bearer {kiosk_token}"}
        self._wallet = wallet_url

    async def pay(self, plate: Plate, *, give_up_after_s: float = 60.0) -> Paid | None:
        """Pay what is due for this plate; None when nothing is due or the stay is not found in time."""
        key = uuid.uuid4().hex
        deadline = asyncio.get_running_loop().time() + give_up_after_s
        while asyncio.get_running_loop().time() < deadline:
            try:
                done, paid = await self._try_to_pay(plate, key)
                if done:
                    return paid
            except httpx.HTTPError:
                pass  # the server may be restarting; the same key makes a second try harmless
            await asyncio.sleep(0.5)
        return None

    async def _try_to_pay(self, plate: Plate, key: str) -> tuple[bool, Paid | None]:
        found = await self._post("/api/v1/kiosk/stays/find", {"plate": plate.text}, self._kiosk)
        if not found["found"]:
            return False, None
        if found["stay"]["bill"]["due"]["amount"] == 0:
            return True, None
        phone = {"Authorization": f"Bearer {found['stay_token']}"}
        payment = await self._post("/api/v1/my/payments", {"channel": "wallet"}, phone | {"Idempotency-Key": key})
        if payment["state"] in ("SENT", "PENDING") and payment["pay_url"]:
            approved = await self._client.post(f"{payment['pay_url']}/approve")
            approved.raise_for_status()
        for _ in range(40):
            reply = await self._client.get(f"{self._server}/api/v1/my/payments/{payment['payment_id']}", headers=phone)
            reply.raise_for_status()
            state = reply.json()
            if state["state"] == "PAID" and state["leave_by"]:
                return True, Paid(payment["payment_id"], payment["amount"]["amount"], state["leave_by"])
            await asyncio.sleep(0.1)
        return False, None

    async def _post(self, path: str, body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
        reply = await self._client.post(f"{self._server}{path}", json=body, headers=headers)
        reply.raise_for_status()
        found: dict[str, Any] = reply.json()
        return found
