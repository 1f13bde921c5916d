"""Callbacks of every company, bent, stale, replayed and misplaced: none changes anything; the genuine ones among them, doubled
and shuffled: none is refused, and every payment is captured once (invariants I1, I24).

`python -m tests.prove.callbacks [FORGED] [GENUINE] [SEED]`. Ends in one line: name, figure, goal, holds or falls short.
"""

from __future__ import annotations

import contextlib
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import structlog

from hardware_sim.providers.books import Announcement, Trade
from hardware_sim.providers.faults import Fault
from hardware_sim.providers.server import Wire
from parking.kernel.clock import ManualClock
from parking.kernel.errors import ParkingError
from parking.kernel.ids import StayId
from parking.kernel.money import Money
from payments.model import Payment, PaymentState
from payments.providers.memory import MemoryProvider
from payments.settling import Settled
from payments.webhooks import Callbacks, record
from tests.builders.payments import START, Desk, Stay
from tests.builders.providers import (
    a_stripe_wire,
    a_unionpay_wire,
    a_wechat_wire,
    an_alipay_wire,
    an_etc_wire,
    built,
    papers_of,
)

FORGED, GENUINE, DOUBLED = 100_000, 10_000, 4
KINDS: dict[str, Callable[[ManualClock], Any]] = {
    "wechat": a_wechat_wire,
    "wechat_parking": a_wechat_wire,
    "alipay": an_alipay_wire,
    "stripe": a_stripe_wire,
    "unionpay_plate": a_unionpay_wire,
    "etc_aggregator": an_etc_wire,
}
Message = tuple[dict[str, str], bytes]


@dataclass
class Post:
    """One genuine callback, the payment that it is about, and the door that it is for."""

    channel: str
    payment: Payment
    message: Message


class Bench:
    """A cashier with a payment at every company, and the companies' pens."""

    def __init__(self, folder: Path, seed: int, stack: contextlib.ExitStack) -> None:
        self.dice, self.clock = random.Random(seed), ManualClock(START)
        others: dict[str, Any] = {name: MemoryProvider(self.clock) for name in KINDS}
        self.desk = Desk(clock=self.clock, others=others)
        self.desk.park(hours=1)
        self.wires: dict[str, Wire] = {name: make(self.clock) for name, make in KINDS.items()}
        providers = {}
        for name, wire in self.wires.items():
            (folder / name).mkdir(parents=True)
            settings, files = papers_of(wire, name)
            providers[name] = stack.enter_context(built(folder / name, self.clock, name, settings, files))
        self.callbacks = Callbacks(self.desk.database, providers)
        self.made = 0

    def new_post(self, channel: str | None = None, fault: Fault | None = None) -> Post:
        """Somebody has paid; what the company says of it, spoiled as the fault says."""
        channel = channel or self.dice.choice(sorted(KINDS))
        self.made += 1
        payment = self.desk.begin(Stay(StayId(f"0197f000-0000-7000-8000-{self.made:012d}")), channel=channel)
        return Post(channel, payment, self.says(channel, self.trade(channel, payment), fault))

    def trade(self, channel: str, payment: Payment) -> Announcement:
        books, kind = self.wires[channel].books, "session" if channel == "stripe" else "native"
        books.trades[payment.number] = Trade(payment.number, payment.amount, "停车费", "http://127.0.0.1:9/", kind)
        if channel == "stripe":
            books.trades[payment.number].extra["made_at"] = self.clock.now()
        books.pay(payment.number)
        return books.waiting.pop()

    def says(self, channel: str, announcement: Announcement, fault: Fault | None = None) -> Message:
        return self.wires[channel].callback(replace(announcement, fault=fault))

    def deliver(self, channel: str, message: Message) -> Settled | None:
        """What came of a callback at this door; None when it was turned away."""
        try:
            notice = self.callbacks.verified(channel, *message)
        except ParkingError:
            return None
        body = message[1]
        return self.desk.database.write(lambda uow: record(uow, channel, notice, body))


# --- what a forger tries ---------------------------------------------------------------------------------------------


def bent(bench: Bench, post: Post) -> Message:
    """One bit; where fields are signed and not bytes, one that changes what the fields say."""
    headers, body = post.message
    while True:
        at = bench.dice.randrange(len(body))
        other = body[:at] + bytes([body[at] ^ (1 << bench.dice.randrange(8))]) + body[at + 1 :]
        if _fields(post.channel, other) != _fields(post.channel, body):
            return headers, other


def _fields(channel: str, body: bytes) -> object:
    """What a body says: `%e5` is `%E5`, and names of fields have no case where a contract signs them in lower case."""
    try:
        if channel == "alipay":
            return parse_qsl(body, keep_blank_values=True)
        if channel in ("unionpay_plate", "etc_aggregator"):
            return {name.lower(): value for name, value in json.loads(body).items()}
    except (ValueError, AttributeError):
        return body
    return body


def cut(bench: Bench, post: Post) -> Message:
    headers, body = post.message
    return headers, body[: bench.dice.randrange(len(body))]


def grown(bench: Bench, post: Post) -> Message:
    """A blank more is a forgery where bytes are signed; where fields are (JSON of UnionPay and ETC), it says the same."""
    headers, body = post.message
    blanks = [] if post.channel in ("unionpay_plate", "etc_aggregator") else [b" ", b"\n"]
    return headers, body + bench.dice.choice([b"&a=b", b"{}", b"\x00", *blanks])


def header_bent(bench: Bench, post: Post) -> Message:
    """A sign of a header that is signed, or of the signature itself; companies whose proof is in the body lose the body."""
    headers, body = post.message
    names = sorted(name for name in headers if name not in ("content-type", "wechatpay-signature-type"))
    if not names:
        return headers, b""
    name = bench.dice.choice(names)
    value = headers[name]
    at = bench.dice.randrange(len(value.rstrip("=")) - 1)
    other = bench.dice.choice([sign for sign in "0123456789abcdefXYZ=," if sign.lower() != value[at].lower()])
    return {**headers, name: value[:at] + other + value[at + 1 :]}, body


def unsigned(_: Bench, post: Post) -> Message:
    return {"content-type": "application/json"}, post.message[1].replace(b"sign", b"sigh")


def another_hand(bench: Bench, post: Post) -> Message:
    return bench.says(post.channel, _announced(bench, post), Fault.CALLBACK_FORGED)


def another_amount(bench: Bench, post: Post) -> Message:
    return bench.says(post.channel, _announced(bench, post), Fault.CALLBACK_WRONG_AMOUNT)


def another_number(bench: Bench, post: Post) -> Message:
    return bench.says(post.channel, _announced(bench, post), Fault.WRONG_NUMBER)


def another_currency(bench: Bench, post: Post) -> Message:
    announced = _announced(bench, post)
    assert isinstance(announced.about, Trade)
    about = replace(announced.about, amount=Money(announced.about.amount.minor, "USD"))
    if post.channel in ("unionpay_plate", "etc_aggregator"):  # they know one currency only
        about = replace(announced.about, amount=Money(announced.about.amount.minor * 7, "CNY"))
    return bench.says(post.channel, replace(announced, about=about))


def stale(bench: Bench, post: Post) -> Message:
    """Truly signed, long ago (or, by a clock that is wrong, in the future)."""
    skew = bench.dice.choice([-1, 1]) * bench.dice.randrange(301, 90_000)
    if post.channel == "alipay" and skew < 0:
        skew -= 26 * 3600  # Alipay repeats its notices for a day and an hour
    switches = bench.wires[post.channel].books.switches
    switches.set(Fault.CLOCK_SKEW, seconds=skew)
    try:
        return bench.says(post.channel, _announced(bench, post))
    finally:
        switches.clear()


def mixed(bench: Bench, post: Post) -> Message:
    """The headers of one callback around the body of another."""
    other = replace(_announced(bench, post), event_id=f"other-{bench.dice.random()}"[:30])
    bench.clock.advance(timedelta(seconds=1))
    return post.message[0], bench.says(post.channel, other)[1][::-1]


def _announced(bench: Bench, post: Post) -> Announcement:
    trade = bench.wires[post.channel].books.trades[post.payment.number]
    now = bench.clock.now()
    return Announcement(f"{trade.number}-paid", "paid", replace(trade), trade.notify_url, now)


TRICKS: tuple[Callable[[Bench, Post], Message], ...] = (
    bent, cut, grown, header_bent, unsigned, another_hand, another_amount, another_number, another_currency, stale, mixed,
)  # fmt: skip


def forge(bench: Bench, forged: int) -> Counter[str]:
    """So many forgeries, each about a payment that waits; what was accepted, by the trick. Replays come on top of them."""
    accepted: Counter[str] = Counter()
    posts = [bench.new_post(channel) for channel in sorted(KINDS)]
    for nth in range(forged):
        post, trick = posts[nth % len(posts)], TRICKS[(nth // len(posts)) % len(TRICKS)]
        if bench.deliver(post.channel, trick(bench, post)) in (Settled.CHANGED, Settled.SAME):
            accepted[f"{post.channel} {trick.__name__}"] += 1
        if nth % 1000 == 999:  # a minute passes; the genuine ones must not be stale when tricks are played on them
            bench.clock.advance(timedelta(seconds=1))
            posts = [replace(p, message=bench.says(p.channel, _announced(bench, p))) for p in posts]
        if nth % 500 == 0:  # at another's door
            other = bench.dice.choice([kind for kind in KINDS if kind.split("_")[0] != post.channel.split("_")[0]])
            if bench.deliver(other, post.message) in (Settled.CHANGED, Settled.SAME):
                accepted[f"{post.channel} at {other}"] += 1
    accepted.update(replayed(bench, posts))
    return accepted


def replayed(bench: Bench, posts: list[Post]) -> Counter[str]:
    """The genuine ones are taken once; again, at once and later, they change nothing."""
    accepted: Counter[str] = Counter()
    for post in posts:
        if bench.desk.payment(post.payment).state is PaymentState.PAID:
            accepted[f"{post.channel} before its own callback came"] += 1
        if bench.deliver(post.channel, post.message) is not Settled.CHANGED:
            accepted[f"{post.channel} genuine one not taken"] += 1
    before = (bench.desk.captured(), bench.desk.payments())
    for seconds in (0, 299, 2, 3600, 30 * 3600):
        bench.clock.advance(timedelta(seconds=seconds))
        for post in posts:
            if bench.deliver(post.channel, post.message) is Settled.CHANGED:
                accepted[f"{post.channel} replayed"] += 1
    if (bench.desk.captured(), bench.desk.payments()) != before:
        accepted["something changed"] += 1
    return accepted


def genuine(bench: Bench, deliveries: int) -> Counter[str]:
    """So many genuine deliveries, each payment's several times and in any order; what was refused, by company."""
    refused: Counter[str] = Counter()
    waiting: list[Post] = []
    done: list[Post] = []
    for _ in range(deliveries // DOUBLED):
        post = bench.new_post()
        done.append(post)
        waiting.extend([post] * DOUBLED)
        if len(waiting) >= 200:
            _drain(bench, waiting, refused)
    _drain(bench, waiting, refused)
    for post in done:
        if bench.desk.payment(post.payment).state is not PaymentState.PAID:
            refused[f"{post.channel} not captured"] += 1
    if bench.desk.captured() != bench.made:
        refused["captured more or less than once"] += abs(bench.desk.captured() - bench.made)
    bench.desk.check()
    return refused


def _drain(bench: Bench, waiting: list[Post], refused: Counter[str]) -> None:
    bench.dice.shuffle(waiting)
    for post in waiting:
        if bench.deliver(post.channel, post.message) not in (Settled.CHANGED, Settled.SAME):
            refused[post.channel] += 1
    waiting.clear()
    bench.clock.advance(timedelta(seconds=1))


@contextlib.contextmanager
def a_bench(folder: Path, seed: int) -> Iterator[Bench]:
    with contextlib.ExitStack() as stack:
        yield Bench(folder, seed, stack)


def main(forged: int = FORGED, deliveries: int = GENUINE, seed: int = 1) -> int:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with tempfile.TemporaryDirectory() as folder, a_bench(Path(folder), seed) as bench:
        accepted = forge(bench, forged)
        refused = genuine(bench, deliveries)
    for name, count in sorted((accepted + refused).items()):
        print(f"  {name}: {count}")
    holds = not accepted and not refused
    whole = forged >= FORGED and deliveries >= GENUINE
    verdict = "falls short" if not holds else "holds" if whole else "holds for these"
    print(
        f"callbacks: {sum(accepted.values())} of {forged} forged accepted, {sum(refused.values())} of {deliveries} genuine"
        f" refused, goal 0 of {FORGED} and 0 of {GENUINE}, {verdict}"
    )
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:])))
