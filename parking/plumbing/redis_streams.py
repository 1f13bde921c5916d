"""The bus between processes: one Redis stream, one consumer group per subscription. Redis is never the source of truth:
what it forgets is found by comparing outbox and inbox in the database, and sent again.

At any time one process handles for a group, by lease, so that the events of a publisher keep their order; when it dies, the
next one takes over what it had in hand.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import redis
import sqlalchemy as sa
import structlog

from parking.kernel import codec
from parking.kernel.errors import invalid
from parking.kernel.events import Envelope
from parking.plumbing.bus import IDLE_S
from parking.plumbing.db import Database, UnitOfWork
from parking.plumbing.delivery import MOST_IN_A_WORK, RetryPolicy, Subscription, bury, describe, handle, is_final
from parking.plumbing.tables import dead_letter, inbox, outbox

STREAM_BOUND = 1_000_000
TRIM_EVERY = 1000
LOST_AFTER = timedelta(seconds=60)
_TAKE_LEASE = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
if holder then return 1 else return 2 end
"""
_DROP_LEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Group:
    """What this process knows of one group: events read but not yet handled, and the failures of the first of them."""

    subscription: Subscription
    in_hand: deque[tuple[bytes, Envelope]] = field(default_factory=deque)
    failures: int = 0
    not_before: datetime | None = None
    since_trim: int = 0


class RedisBus:
    """A bus over Redis streams; `url` is `redis://...` or `unix://...`."""

    def __init__(
        self,
        database: Database,
        url: str,
        *,
        retry: RetryPolicy | None = None,
        lease_s: float = 10.0,
        stream: str = "parking:events",
        lost_after: timedelta = LOST_AFTER,
    ) -> None:
        self._database = database
        self._redis: Any = redis.Redis.from_url(url, protocol=2, socket_timeout=10, health_check_interval=30)
        self._retry = retry or RetryPolicy()
        self._lease_ms = int(lease_s * 1000)
        self._stream = stream
        self._lost_after = lost_after
        self._me = uuid4().hex
        self._groups: dict[str, _Group] = {}
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()

    def publish(self, batch: Sequence[Envelope]) -> None:
        with self._redis.pipeline(transaction=False) as pipeline:
            for envelope in batch:
                text = json.dumps(codec.encode(envelope), ensure_ascii=False, separators=(",", ":"))
                pipeline.xadd(self._stream, {"e": text}, maxlen=STREAM_BOUND, approximate=True)
            pipeline.execute()

    def subscribe(self, subscription: Subscription) -> None:
        if subscription.group in self._groups:
            raise invalid("bus.group", f"the group {subscription.group!r} is subscribed already")
        self._groups[subscription.group] = _Group(subscription)
        self._create(subscription.group)

    def drain(self) -> int:
        total = 0
        while handled := sum(self._step(group, block_ms=None) for group in self._groups.values()):
            total += handled
        return total

    def start(self) -> None:
        self._stopping.clear()
        for group in self._groups.values():
            name = f"bus-{group.subscription.group}"
            self._threads.append(threading.Thread(target=self._run, args=(group,), name=name, daemon=True))
        self._threads.append(threading.Thread(target=self._search, name="bus-lost", daemon=True))
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        for group in self._groups.values():
            group.in_hand.clear()  # still pending in Redis, for whoever takes over
            try:
                self._redis.eval(_DROP_LEASE, 1, self._lease_key(group), self._me)
            except redis.RedisError:
                break  # it is away; the leases run out by themselves
        self._redis.close()

    def recover_lost(self) -> int:
        """Have the relay send again what left long ago and was never handled (Redis was emptied); returns how many events."""

        def work(unit: UnitOfWork) -> int:
            return sum(self._unmark(unit, group.subscription) for group in self._groups.values())

        lost = self._database.write(work)
        if lost:
            log.warning("bus.lost", events=lost)
        return lost

    def _unmark(self, unit: UnitOfWork, subscription: Subscription) -> int:
        """A group's history begins with the first event it handled; all it wants since then is in its inbox, dead, or lost."""
        mine = sa.select(inbox.c.event_id).where(inbox.c.group == subscription.group)
        dead = sa.select(dead_letter.c.event_id).where(dead_letter.c.group == subscription.group)
        start = sa.select(sa.func.min(outbox.c.seq)).where(outbox.c.event_id.in_(mine)).scalar_subquery()
        lost = sa.and_(
            outbox.c.relayed_at < unit.now - self._lost_after,
            outbox.c.type.in_([kind.__name__ for kind in subscription.handlers]),
            outbox.c.seq > start,
            outbox.c.event_id.not_in(mine),
            outbox.c.event_id.not_in(dead),
        )
        return unit.connection.execute(sa.update(outbox).where(lost).values(relayed_at=None)).rowcount

    def _lease_key(self, group: _Group) -> str:
        return f"{self._stream}:lease:{group.subscription.group}"

    def _create(self, group: str) -> None:
        try:
            self._redis.xgroup_create(self._stream, group, id="0", mkstream=True)
        except redis.ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    def _run(self, group: _Group) -> None:
        while not self._stopping.is_set():
            try:
                if self._step(group, block_ms=200) == 0:
                    self._stopping.wait(self._pause(group))
            except Exception as error:  # Redis or the database is away: nothing is lost, it is tried again
                log.error("bus.stalled", group=group.subscription.group, error=describe(error))
                self._stopping.wait(IDLE_S)

    def _search(self) -> None:
        while not self._stopping.wait(self._lost_after.total_seconds() / 2):
            try:
                self.recover_lost()
            except Exception as error:  # looked for again at the next turn
                log.error("bus.stalled", group="", error=describe(error))

    def _pause(self, group: _Group) -> float:
        if group.not_before is None:
            return 0.01 if self._leads(group) else self._lease_ms / 4000
        left_s = (group.not_before - self._database.clock.now()).total_seconds()
        return min(max(left_s, 0.001), self._lease_ms / 4000)

    def _leads(self, group: _Group) -> bool:
        """Hold or renew the lease of the group; whoever newly gets it takes over all that is pending."""
        answer = self._redis.eval(_TAKE_LEASE, 1, self._lease_key(group), self._me, self._lease_ms)
        if answer == 2:
            group.in_hand.clear()
            group.failures, group.not_before = 0, None
            start: Any = "0-0"
            while True:
                start, entries, *_ = self._redis.xautoclaim(
                    self._stream, group.subscription.group, self._me, min_idle_time=0, start_id=start, count=100
                )
                self._take(group, entries)
                if start == b"0-0":
                    break
        return bool(answer)

    def _take(self, group: _Group, entries: Sequence[tuple[bytes, dict[bytes, bytes] | None]]) -> None:
        for number, content in entries:
            envelope = codec.decode(json.loads(content[b"e"])) if content else None
            if envelope is not None and group.subscription.wants(envelope):
                group.in_hand.append((number, envelope))
            else:  # of no interest, or trimmed away
                self._redis.xack(self._stream, group.subscription.group, number)

    def _read(self, group: _Group, block_ms: int | None) -> None:
        try:
            answer = self._redis.xreadgroup(
                group.subscription.group, self._me, {self._stream: ">"}, count=10 * MOST_IN_A_WORK, block=block_ms
            )
        except redis.ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
            self._create(group.subscription.group)  # Redis was emptied; the events come again from the outbox
            return
        for _, entries in answer or ():
            self._take(group, entries)

    def _step(self, group: _Group, block_ms: int | None) -> int:
        try:
            if not self._leads(group):
                return 0
        except redis.ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
            self._create(group.subscription.group)
        if group.not_before is not None and self._database.clock.now() < group.not_before:
            return 0
        if not group.in_hand:
            self._read(group, block_ms)
        return self._handle(group) if group.in_hand else 0

    def _handle(self, group: _Group) -> int:
        name = group.subscription.group
        batch = [group.in_hand[i] for i in range(min(len(group.in_hand), MOST_IN_A_WORK))]
        outcome = handle(self._database, group.subscription, [envelope for _, envelope in batch])
        done = [number for number, _ in batch[: outcome.handled]]
        if outcome.handled:
            group.failures, group.not_before = 0, None
        if outcome.error is not None and self._given_up(group, batch[outcome.handled][1], outcome.error):
            done.append(batch[outcome.handled][0])
        if done:
            self._redis.xack(self._stream, name, *done)
            for _ in done:
                group.in_hand.popleft()
            self._trim(group, len(done))
        return len(done)

    def _given_up(self, group: _Group, envelope: Envelope, error: Exception) -> bool:
        name = group.subscription.group
        group.failures += 1
        dead = group.failures >= self._retry.attempts or is_final(error)
        report = log.error if dead else log.warning
        report(
            "bus.failed", group=name, event_id=envelope.id, attempts=group.failures, error=describe(error), dead=dead
        )
        if dead:
            attempts = group.failures
            self._database.write(lambda unit: bury(unit, name, envelope, describe(error), attempts))
            group.failures, group.not_before = 0, None
        else:
            group.not_before = self._database.clock.now() + self._retry.wait(group.failures)
        return dead

    def _trim(self, group: _Group, handled: int) -> None:
        """Now and then drop from the stream what every group has acknowledged."""
        group.since_trim += handled
        if group.since_trim < TRIM_EVERY:
            return
        group.since_trim = 0
        oldest = []
        for info in self._redis.xinfo_groups(self._stream):
            pending = self._redis.xpending(self._stream, info["name"])
            oldest.append(pending["min"] if pending["pending"] else info["last-delivered-id"])
        least = min(oldest, key=lambda number: tuple(int(part) for part in number.split(b"-")))
        self._redis.xtrim(self._stream, minid=least, approximate=True)
