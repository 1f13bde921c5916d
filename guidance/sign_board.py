"""The loop that keeps signs true: told on change and every 30 s, the newest state wins, a dead sign never holds up another.

A number lives only as long as somebody vouches for it: state that cannot be read grows old and becomes `----`, and a board that
stops leaves `----` behind. `step()` does one round in the caller's thread; `start()` gives every sign its own.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from guidance.advise import Advice, face
from guidance.model import ZoneView
from guidance.service import Occupancy
from guidance.signs.base import UNKNOWN_FACE, Arrow, Face, Sign, SignFactory, SignSettings, SignSilent
from parking.kernel.clock import Clock
from parking.kernel.device import DeviceFault, DeviceRefused, Health, HealthReport
from parking.kernel.errors import ParkingError, invalid
from parking.kernel.events import DeviceHealthChanged, Event, SignShown
from parking.kernel.ids import DeviceId, SignId, ZoneId
from parking.kernel.registry import Registry
from parking.plumbing.db import Database, UnitOfWork
from parking.site.model import Sign as SignOfSite
from parking.site.model import SiteMap

REPEAT_S = 30.0
_RESTS, _LONGEST_REST_S = 4.0, 0.5
"""So many times as long as a look took is rested before the next: to look at 3 000 bays takes 20 ms, and every commit wakes."""
LONGEST_RETRY_S = 30.0
_log = logging.getLogger(__name__)

Read = Callable[[], Mapping[ZoneId, ZoneView]]
Publish = Callable[[Sequence[Event]], None]


@dataclass(frozen=True, slots=True)
class BoardSign:
    """A sign with the zone it speaks about, its caution, its word for full, and perhaps the `name` of the place and the `arrow` to it."""

    id: SignId
    zone_id: ZoneId
    sign: Sign
    advice: Advice
    full_text: str = "FULL"
    name: str = ""
    arrow: Arrow | None = None

    def show(self, face: Face) -> None:
        """Tell the sign, with the place that it speaks of; raises as `Sign.show` does."""
        self.sign.show(replace(face, name=self.name, arrow=self.arrow))


def connect(site: SiteMap, drivers: Registry[SignFactory], timeout_s: float = 2.0) -> tuple[BoardSign, ...]:
    """The site's signs with their drivers; nothing is sent yet. ParkingError names the sign, and its unknown driver or bad address."""
    return tuple(_connected(site, sign, drivers, timeout_s) for sign in site.signs)


def _connected(site: SiteMap, sign: SignOfSite, drivers: Registry[SignFactory], timeout_s: float) -> BoardSign:
    try:
        driver = drivers.get(sign.driver)(SignSettings(sign.address, timeout_s, str(site.id), str(sign.id)))
    except ParkingError as error:
        message = f"{error}; write `address: host:port` in the site file, or set PARKING_SIGN_ADDRESSES"
        raise invalid(error.code, message, field=f"signs.{sign.id}") from None
    advice = Advice.for_capacity(site.zone(sign.zone_id).capacity)
    return BoardSign(sign.id, sign.zone_id, driver, advice, sign.full_text)


def read_from(database: Database, occupancy: Occupancy) -> Read:
    """The usual `read`: the stored counts, after counting again whatever late passages left open."""

    kept: tuple[int, Mapping[ZoneId, ZoneView]] = (-1, {})

    def read() -> Mapping[ZoneId, ZoneView]:
        nonlocal kept
        if database.is_private and kept[0] == occupancy.touched:
            return kept[1]
        views = database.read(occupancy.views_unless_stale)
        if views is None:
            database.write(occupancy.recount)
            views = database.read(occupancy.views)
        kept = occupancy.touched, views
        return views

    return read


def publish_to(database: Database) -> Publish:
    """The usual `publish`: all events of one call in one transaction, out by the outbox."""

    def publish(events: Sequence[Event]) -> None:
        def work(uow: UnitOfWork) -> None:
            for event in events:
                uow.publish(event)

        database.write(work)

    return publish


class _Keeper:
    """One sign's wanted and acknowledged face. `turn` is held while waiting and changing, never while the sign is talked to."""

    def __init__(self, spec: BoardSign, clock: Clock, publish: Publish, repeat_s: float) -> None:
        self.spec = spec
        self._repeat_s = repeat_s
        self.turn = threading.Condition()
        self._clock = clock
        self._publish = publish
        self._wanted: Face = UNKNOWN_FACE
        self._vouched_at = clock.monotonic_s()
        self._next_at: float | None = None  # None: nothing wanted yet
        self._failures = 0
        self._shown: Face | None = None
        self._report = HealthReport(Health.UNKNOWN, None, "not told anything yet")
        self._told: tuple[str | None, Health | None] = (None, None)  # text and health as last published

    def want(self, new: Face) -> None:
        with self.turn:
            self._vouched_at = self._clock.monotonic_s()
            if self._next_at is None or new != self._wanted:
                self._wanted = new
                if not self._failures:
                    self._next_at = self._clock.monotonic_s()
                self.turn.notify_all()

    @property
    def wanted(self) -> Face:
        """The newest face; dashes when it is long since anybody looked, whatever keeps them from looking."""
        with self.turn:
            if self._clock.monotonic_s() - self._vouched_at > self.spec.advice.stale_after_s:
                self._wanted = UNKNOWN_FACE
            return self._wanted

    def health(self) -> HealthReport:
        with self.turn:
            return self._report

    def wait_s(self) -> float | None:
        """Seconds until the sign is due, 0 when it is; None when nothing is wanted yet."""
        with self.turn:
            return None if self._next_at is None else max(0.0, self._next_at - self._clock.monotonic_s())

    def deliver(self, last: Face | None = None) -> None:
        """Tell the sign its newest face (or this `last` one), and the others what came of it."""
        wanted = last or self.wanted
        try:
            self.spec.show(wanted)
        except DeviceFault as error:
            health = Health.SILENT if isinstance(error, SignSilent) else Health.FAULTY
            self._failed(health, str(error))
        except DeviceRefused as error:
            self._failed(Health.FAULTY, str(error))
        else:
            self._acknowledged(wanted)
        self._tell()

    def _acknowledged(self, shown: Face) -> None:
        with self.turn:
            now = self._clock.monotonic_s()
            self._failures, self._shown = 0, shown
            self._next_at = now if shown != self._wanted else now + self._repeat_s
            self._report = HealthReport(Health.OK, self._clock.now())

    def _failed(self, health: Health, detail: str) -> None:
        with self.turn:
            self._failures += 1
            self._shown = None  # nobody knows what it shows now
            pause = min(LONGEST_RETRY_S, 2.0 ** min(self._failures - 1, 10))
            self._next_at = self._clock.monotonic_s() + pause
            self._report = HealthReport(health, self._report.seen_at, detail)

    def _tell(self) -> None:
        with self.turn:
            shown, report = self._shown, self._report
            text, health = self._told
        events: list[Event] = []
        if report.health is not health:
            events.append(DeviceHealthChanged(DeviceId(self.spec.id), report.health.value, report.detail))
        if shown is not None and shown.text != text:
            events.append(SignShown(self.spec.id, shown.text))
        if events:
            try:
                self._publish(events)
            except Exception:  # the sign is served on; the news is told with the next delivery
                _log.exception("news of a sign could not be published", extra={"sign_id": self.spec.id})
                return
        with self.turn:
            self._told = (shown.text if shown is not None else None, report.health)


class SignBoard:
    """Keeps all signs of a site. `read` gives the zones' views, `publish` takes events, `feed_age_s` how old a zone's evidence is."""

    def __init__(
        self,
        signs: Sequence[BoardSign],
        read: Read,
        publish: Publish,
        clock: Clock,
        feed_age_s: Callable[[ZoneId], float] = lambda _: 0.0,
        repeat_s: float = REPEAT_S,
    ) -> None:
        self._keepers = tuple(_Keeper(s, clock, publish, repeat_s) for s in signs)
        self._read = read
        self._clock = clock
        self._feed_age_s = feed_age_s
        self._views: Mapping[ZoneId, ZoneView] = {}
        self._ages: Mapping[ZoneId, float] = {}
        self._read_at: float | None = None
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def refresh(self) -> None:
        """Read the zones and work out what every sign should show; nothing is sent."""
        now = self._clock.monotonic_s()
        try:
            ages = {k.spec.zone_id: self._feed_age_s(k.spec.zone_id) for k in self._keepers}
            self._views, self._read_at = dict(self._read()), now
            self._ages = ages
        except Exception:  # the last views are kept and grow old
            _log.exception("the zones could not be read")
        unread_s = float("inf") if self._read_at is None else now - self._read_at
        for keeper in self._keepers:
            spec = keeper.spec
            age_s = max(unread_s, self._ages.get(spec.zone_id, float("inf")))
            keeper.want(face(self._views.get(spec.zone_id), age_s, keeper.wanted, spec.advice, spec.full_text))

    def step(self) -> None:
        """One round in this thread: refresh, then tell every sign that is due."""
        self.refresh()
        for keeper in self._keepers:
            if keeper.wait_s() == 0.0:
                keeper.deliver()

    def health(self) -> dict[SignId, HealthReport]:
        """How every sign is, by id."""
        return {k.spec.id: k.health() for k in self._keepers}

    def wake(self) -> None:
        """Something may have changed: look soon. Only signals; fit for `Database.after_commit`."""
        self._woken.set()

    def start(self, look_every_s: float = 1.0) -> None:
        """A thread that looks (when woken, and every `look_every_s`) and one per sign that tells."""
        if self._threads:
            raise RuntimeError("the sign board runs already")
        self._stopping.clear()
        self._threads = [threading.Thread(target=self._look, args=(look_every_s,), name="signs-look", daemon=True)]
        for keeper in self._keepers:
            name = f"sign-{keeper.spec.id}"
            self._threads.append(threading.Thread(target=self._keep, args=(keeper,), name=name, daemon=True))
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Leave `----` on every sign that still answers, let go of them and end the threads."""
        self._stopping.set()
        self._woken.set()
        for keeper in self._keepers:
            with keeper.turn:
                keeper.turn.notify_all()
        for thread in self._threads:
            thread.join()
        if not self._threads:  # only ever stepped
            for keeper in self._keepers:
                _part(keeper)
        self._threads = []

    def _look(self, every_s: float) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            began_s = self._clock.monotonic_s()
            self.refresh()
            took_s = self._clock.monotonic_s() - began_s
            self._stopping.wait(min(_RESTS * took_s, _LONGEST_REST_S))
            self._woken.wait(every_s)

    def _keep(self, keeper: _Keeper) -> None:
        while not self._stopping.is_set():
            if keeper.wait_s() == 0.0:
                keeper.deliver()
            with keeper.turn:
                wait_s = keeper.wait_s()
                if wait_s != 0.0 and not self._stopping.is_set():
                    keeper.turn.wait(wait_s)
        _part(keeper)


def _part(keeper: _Keeper) -> None:
    """The last word to a sign; one that does not answer is left as it is."""
    if keeper.health().health is Health.OK:
        keeper.deliver(UNKNOWN_FACE)
    keeper.spec.sign.close()
