"""The physical world of `parking demo` as a process of its own: `python -m parking.cli.world CONFIG.json`."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import uvicorn

from hardware_sim.control import side_door
from hardware_sim.mall import Mall, MallConfig
from parking.bootstrap.keys import KeyRing, key_id_of, load_public, load_signer


async def run(path: Path) -> None:
    """Open the mall that the configuration describes and serve its side door until told to stop."""
    plain = json.loads(path.read_text())
    merchant_public = load_public(Path(plain.pop("merchant_public_key")))
    wallet_signer = load_signer(Path(plain.pop("wallet_key")))
    config = MallConfig(**plain | {"state_dir": Path(plain["state_dir"])})
    mall = Mall(
        config,
        wallet_signer=wallet_signer,
        merchant_keys=KeyRing([merchant_public]),
        merchant_key=key_id_of(merchant_public),
    )
    async with mall.open():
        settings = uvicorn.Config(
            side_door(mall), host=config.host, port=config.ports["control"], log_config=None, access_log=False
        )
        await uvicorn.Server(settings).serve()


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1])))
