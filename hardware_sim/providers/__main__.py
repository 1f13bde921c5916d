"""One simulated payment company for whoever integrates: `python -m hardware_sim.providers wechat --port 9001`.

It prints where it listens and what a merchant gets when it signs up (names, keys), as one JSON object, and serves until it
is told to stop. `--papers FOLDER` writes every key into a file of its own, as the channels file wants them.
"""

from __future__ import annotations

import argparse
import json
import secrets
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from hardware_sim.providers.alipay import AlipayWire
from hardware_sim.providers.books import Books
from hardware_sim.providers.card_terminal import CardTerminalServer, CardTerminalWire
from hardware_sim.providers.faults import Fault
from hardware_sim.providers.keyed import EtcWire, UnionpayWire
from hardware_sim.providers.nuonuo import NuonuoWire
from hardware_sim.providers.server import ProviderServer, Wire
from hardware_sim.providers.side_door import side_door
from hardware_sim.providers.stripe import StripeWire
from hardware_sim.providers.wechat import WechatWire
from parking.kernel.clock import SystemClock

COMPANIES: dict[str, Callable[[Books], Wire]] = {
    "wechat": WechatWire,
    "alipay": AlipayWire,
    "stripe": StripeWire,
    "unionpay_plate": lambda books: UnionpayWire(books, own={"merId": "898110000000001", "parkId": "LOT1"}),
    "etc_aggregator": lambda books: EtcWire(books, own={"union_id": "200145", "park_id": "LOT1"}),
    "card_terminal": CardTerminalWire,
    "nuonuo": NuonuoWire,
}


def open_company(name: str, *, port: int = 0, at_once: bool = False, webhooks: str = "") -> ProviderServer:
    """A company on this machine's clock, not yet started; `at_once`: every payer pays without being asked."""
    books = Books(clock=SystemClock(), nonces=lambda: secrets.token_hex(16), at_once=at_once)
    wire = COMPANIES[name](books)
    if isinstance(wire, StripeWire):
        wire.send_webhooks_to(webhooks)
    if isinstance(wire, CardTerminalWire):
        return CardTerminalServer(wire, port=port)
    return ProviderServer(wire, side_door, port=port)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m hardware_sim.providers", description=__doc__)
    parser.add_argument("company", choices=sorted(COMPANIES))
    parser.add_argument("--port", type=int, default=0, help="0 (the default) takes a free one and prints it")
    parser.add_argument("--at-once", action="store_true", help="every payer pays at once")
    parser.add_argument("--webhooks", default="", metavar="URL", help="where stripe sends its events")
    parser.add_argument("--papers", type=Path, metavar="FOLDER", help="write names and keys there, a file each")
    options = parser.parse_args(arguments)
    company = open_company(options.company, port=options.port, at_once=options.at_once, webhooks=options.webhooks)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    try:
        url = company.start()
    except OSError as error:
        sys.stderr.write(f"port {options.port} cannot be opened: {error.strerror}\n")
        return 2
    papers = company.wire.papers()
    if options.papers is not None:
        _write(options.papers, papers)
        papers = {name: value for name, value in papers.items() if "\n" not in value}
    faults = [fault.value for fault in Fault]
    print_line = json.dumps({"url": url, "side_door": f"{url}/_sim/", "papers": papers, "faults": faults})
    sys.stdout.write(print_line + "\n")
    sys.stdout.flush()
    stopped.wait()
    company.stop()
    return 0


def _write(folder: Path, papers: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in papers.items():
        path = folder / name
        path.touch(mode=0o600)
        path.write_text(value)


if __name__ == "__main__":
    sys.exit(main())
