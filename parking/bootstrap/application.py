"""Puts the server's rooms together, without a socket: the same application runs behind HTTP and inside the simulator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx

from guidance.bay_api import Bays
from guidance.next_door import NextDoor
from guidance.service import Occupancy
from guidance.sign_board import SignBoard
from guidance.traffic import Passages
from parking.analytics.projection import Figures
from parking.bootstrap import learned_bounds, money
from parking.bootstrap.bays import note_passages, own_free, sign_board, the_bays
from parking.bootstrap.costs_in_force import CostsInForce
from parking.bootstrap.figures import figures_of
from parking.bootstrap.given_up import SERVER, GivenUpDesk
from parking.bootstrap.hiding import hide_plates, open_pseudonyms
from parking.bootstrap.keys import load_signer
from parking.bootstrap.kiosks import Kiosks, kiosks_of
from parking.bootstrap.live_projection import LiveProjection
from parking.bootstrap.live_topics import Topics
from parking.bootstrap.next_door import approach_names, approach_signs, next_door, polling, rows_of
from parking.bootstrap.rounds import GIVEN_UP_EVERY_S, Round, Rounds, look_at_boxes, rounds_of
from parking.bootstrap.sensors import SensorDesk, sensors_of
from parking.bootstrap.settings import Settings
from parking.bootstrap.subscriptions import subscriptions
from parking.emergency import emergencies, ringing
from parking.emergency.escalation import Ladder, Rung
from parking.emergency.reach import Reach
from parking.gate import copy_feed
from parking.gate.contacts import Contacts
from parking.journeys import app_hooks, evacuating
from parking.journeys.changing_hands import became_anothers
from parking.journeys.opening_by_hand import LaneOrders
from parking.journeys.pairing import CostsOf
from parking.journeys.paying import Grace
from parking.journeys.price_facts import WhereIs, facts_of
from parking.kernel.clock import Clock
from parking.kernel.errors import invalid
from parking.members import vehicles
from parking.plumbing.bus import Bus, InProcessBus, Subscription
from parking.plumbing.db import Database
from parking.plumbing.jobs import JobHandler, JobRunner
from parking.plumbing.outbox import OutboxRelay
from parking.security import audit
from parking.security import store as security_store
from parking.security.roles import scopes_of
from parking.site import loader
from parking.site.model import LaneKind, SiteMap
from parking.web.live import LiveHub
from payments.cashier import Cashier
from payments.invoices.loader import Platform
from payments.invoices.model import Policy
from payments.later.notices import Notices
from payments.later.saving import CardSaver
from payments.providers.base import Provider
from payments.providers.channels import Channel, counters
from payments.providers.chinese_text import BEIJING
from payments.reconciling import Reconciler
from payments.tariff import parse
from payments.tariff.model import Tariff
from payments.tariff_book import TariffBook


@dataclass(frozen=True, slots=True)
class Application:
    """The server without its sockets; `start` gives it threads, `drain` does all that is due in the caller's."""

    site: SiteMap
    database: Database
    bus: Bus
    relay: OutboxRelay
    jobs: JobRunner
    given_up: GivenUpDesk
    hub: LiveHub
    live: LiveProjection
    cashier: Cashier
    tariffs: TariffBook
    channels: Mapping[str, Channel]
    invoices: Policy | None
    notices: Notices
    cards: CardSaver
    kiosks: Kiosks
    reconciler: Reconciler
    occupancy: Occupancy
    figures: Figures
    bays: Bays
    next_door: NextDoor
    sensors: SensorDesk
    signs: SignBoard
    contacts: Contacts
    rounds: Rounds
    reach: Reach
    costs_of: CostsOf
    resources: ExitStack
    """Connections to let go of when nothing runs any more."""

    def prepare(self) -> None:
        """What must be there before the first event: counters, the tariff, and the screens as they were."""
        self.database.write(hide_plates)
        self.database.write(copy_feed.begin_epoch)
        self.database.write(self.tariffs.keep)
        self.database.write(look_at_boxes)
        self.database.write(self.occupancy.open_zones)
        boxes = [box.id for box in self.database.read(security_store.edges)]
        self.live.restore(self.database, boxes=boxes, devices={*boxes, *self.sensors.sensors, SERVER})
        learned_bounds.learn(self.database, self.cashier)
        for device in boxes:
            self.contacts.expect(device)

    def start(self) -> None:
        self.bus.start()
        self.relay.start()
        self.jobs.start()
        self.database.after_commit(self.signs.wake)
        self.signs.start()
        self.sensors.start()
        self.kiosks.start()
        self.rounds.start()

    def stop(self) -> None:
        self.rounds.stop()
        self.kiosks.stop()
        self.sensors.stop()
        self.signs.stop()
        self.jobs.stop()
        self.relay.stop()
        self.bus.stop()
        self.database.close()
        self.resources.close()

    def drain(self) -> None:
        """Relay, handle and do what is due until nothing is left; for the simulator and for tests."""
        while self.relay.drain() + self.bus.drain() + self.jobs.run_due():
            pass
        self.signs.step()
        while self.relay.drain() + self.bus.drain():
            pass


def load_tariffs(settings: Settings) -> tuple[Tariff, ...]:
    """The tariffs for whoever enters, of one file or of all files of a folder; earlier ones are kept in the database."""
    place = settings.tariff_file
    files = sorted(place.glob("*.yaml")) if place.is_dir() else [place]
    if not files:
        raise invalid(
            "settings.tariffs", f"{place} holds no .yaml file; put a tariff there", field="PARKING_TARIFF_FILE"
        )
    return tuple(parse.load(_read(file, "PARKING_TARIFF_FILE"), name=file.name) for file in files)


def load_site(settings: Settings) -> SiteMap:
    """The site map with the sign addresses of these settings."""
    site = loader.load(_read(settings.site_file, "PARKING_SITE_FILE"), settings.site_file.name)
    return site.with_sign_addresses(settings.sign_addresses)


def _read(path: Path, key: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise invalid("settings.file", f"{path} cannot be read: {error}", field=key) from None


def build(
    settings: Settings,
    database: Database,
    *,
    clock: Clock,
    channels: Mapping[str, Channel] | None = None,
    providers: Mapping[str, Provider] | None = None,
    bus: Bus | None = None,
    site: SiteMap | None = None,
    invoices: Platform | None = None,
    resources: ExitStack | None = None,
) -> Application:
    """Everything between database and sockets; bare `providers` are channels without a name; its end closes `resources`."""
    open_pseudonyms(settings, database)
    channels = money.channels_of(settings, database, channels, providers or {})
    site, bus = site or load_site(settings), bus or InProcessBus(database)
    resources, tariffs = resources if resources is not None else ExitStack(), TariffBook(*load_tariffs(settings))
    cashier, notices, cards, reconciler = _cash_desk(settings, database, channels, site, tariffs, clock)
    costs_of, contacts, occupancy = _costs_of(), Contacts(clock), Occupancy(site)
    rows = rows_of(settings.neighbours_file)
    live = LiveProjection(hub := LiveHub(Topics(site).of), site, approach_names(rows))
    reach, passages = _reach(site, settings), Passages(clock.now())
    told = subscriptions(
        cashier=cashier,
        grace=Grace(to_leave=timedelta(minutes=settings.grace_to_leave_min)),
        occupancy=occupancy,
        live=live,
        reach=reach,
        costs_of=costs_of,
        notices=notices,
        note_passage=note_passages(passages),
        figures=(figures := figures_of(site)),
        zone=ZoneInfo(site.timezone),
    )
    bays = the_bays(site, database, occupancy, contacts.oldest_s, passages, live.lanes)
    door = next_door(rows, clock, database.ids, own_free(bays))
    handlers = notices.jobs() | cards.jobs() | money.issuing_jobs(invoices) | _jobs(cashier, reach)
    jobs = JobRunner(database, handlers | _app_hooks(settings, clock, resources), clock)
    failures = GivenUpDesk.over(database, clock, _subscribed(bus, told), jobs)
    feeds = (*polling(door, resources), Round("given up", GIVEN_UP_EVERY_S, failures.watch.check))
    return Application(
        site=site,
        database=database,
        bus=bus,
        relay=OutboxRelay(database, bus),
        jobs=jobs,
        given_up=failures,
        hub=hub,
        live=live,
        cashier=cashier,
        tariffs=tariffs,
        channels=channels,
        invoices=invoices.policy if invoices else None,
        notices=notices,
        cards=cards,
        kiosks=kiosks_of(settings, database, clock, channels),
        occupancy=occupancy,
        figures=figures,
        bays=bays,
        sensors=SensorDesk(database, bays.book, sensors_of(settings.sensors_file, site, clock)),
        next_door=door,
        signs=sign_board(bays, occupancy, clock, door, approach_signs(rows)),
        contacts=contacts,
        reconciler=reconciler,
        rounds=rounds_of(database, contacts, live, cashier, costs_of, reconciler, bays, figures, feeds),
        reach=reach,
        costs_of=costs_of,
        resources=resources,
    )


def _cash_desk(
    settings: Settings,
    database: Database,
    channels: Mapping[str, Channel],
    site: SiteMap,
    tariffs: TariffBook,
    clock: Clock,
) -> tuple[Cashier, Notices, CardSaver, Reconciler]:
    """All that moves money by these channels."""
    every = {name: channel.provider for name, channel in channels.items()}
    by_plate = {name: provider for name, provider in every.items() if not channels[name].at_counter}
    collecting = money.collecting(settings, channels, site)
    cashier = Cashier(database, tariffs, counters(channels), clock, collecting, by_plate, facts_of(bays_of(site)))
    notices = money.notices_of(settings, by_plate, collecting, tariffs.current(clock.now()))
    cards = CardSaver(database, every, return_url=f"{settings.public_url}/driver/", terms=money.terms_of(settings))
    reconciler = Reconciler(database, every, cashier.collector, BEIJING)
    return cashier, notices, cards, reconciler


def _subscribed(bus: Bus, told: Sequence[Subscription]) -> dict[str, Subscription]:
    """Who is told what from now on, by group."""
    for subscription in told:
        bus.subscribe(subscription)
    return {subscription.group: subscription for subscription in told}


def _jobs(cashier: Cashier, reach: Reach) -> dict[str, JobHandler]:
    """The durable jobs of money, calls, emergencies and vehicles."""
    calls = ringing.look_jobs(reach) | emergencies.check_jobs()
    return (
        cashier.jobs()
        | calls
        | dict(evacuating.jobs_of(cashier))
        | vehicles.jobs(became_anothers(cashier.later, audit.record))
    )


def _costs_of() -> CostsOf:
    """The costs in force at any moment: measured, and taught."""
    in_force = CostsInForce()
    return lambda conn: in_force(conn)[0]


def bays_of(site: SiteMap) -> WhereIs:
    """Where a bay lies, as the site map has it."""
    zones = {bay: (str(zone.id), "") for zone in site.zones for bay in zone.bays}
    drawn = {bay.id: (str(bay.zone_id), str(bay.kind)) for bay in site.plan.bays}
    known = zones | drawn
    return lambda bay: known.get(bay, ("", ""))


def _app_hooks(settings: Settings, clock: Clock, resources: ExitStack) -> dict[str, JobHandler]:
    """What tells the mall's app; the server's key is read when there is something to tell."""
    client = httpx.Client(timeout=httpx.Timeout(10.0, connect=3.0), follow_redirects=False)
    resources.callback(client.close)
    return app_hooks.jobs(lambda: load_signer(settings.keys_dir / "server.pem"), client, clock)


def _reach(site: SiteMap, settings: Settings) -> Reach:
    """What the emergency room may do: order the site's lanes, with everything on record; whom it calls is set."""
    scopes_of(settings.help_ladder)  # refuses a role that there is not, naming those there are
    rungs = sorted((Rung(role, wait) for role, wait in settings.help_ladder.items()), key=lambda rung: rung.after_s)
    return Reach(
        orders=LaneOrders(audit.record),
        audit=audit.record,
        exits=tuple(lane.id for lane in site.lanes if lane.kind is LaneKind.EXIT),
        lanes=tuple(lane.id for lane in site.lanes if lane.kind is not LaneKind.RAMP),
        ladder=Ladder(tuple(rungs), held_s=settings.help_held_s, unanswered_s=settings.help_unanswered_s),
    )
