"""What /metrics shows (Prometheus, base units), read when asked for. No plate in a label, ever."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector as Base

from parking.bootstrap.application import Application
from parking.plumbing import given_up, outbox
from parking.web.refused import RefusedSockets


class Collector(Base):
    """Reads the application at each scrape."""

    def __init__(self, application: Application, refused: RefusedSockets) -> None:
        self._application, self._refused = application, refused

    def collect(self) -> Iterator[Metric]:
        app = self._application
        yield _one("parking_outbox_pending", "Events that the bus does not have yet", app.database.read(outbox.backlog))
        lost = app.database.read(given_up.count)
        yield _one("parking_given_up", "Events and jobs that were given up after every try", lost)
        yield _one("parking_live_clients", "Websockets on the live feed", app.hub.clients)
        refused = CounterMetricFamily("parking_websockets_refused", "By HTTP status or close code", labels=["answer"])
        for answer, count in self._refused.counts.copy().items():
            refused.add_metric([answer], count)
        yield refused
        silence = GaugeMetricFamily("parking_edge_silence_seconds", "Since a gate box was heard", labels=["device"])
        for device, seconds in app.contacts.silent_s().items():
            silence.add_metric([device], seconds)
        yield silence
        free = GaugeMetricFamily("parking_free_bays", "Free bays by zone, where known", labels=["zone"])
        for zone_id, view in app.database.read(app.occupancy.views).items():
            if view.known:
                free.add_metric([zone_id], view.free)
        yield free


def _one(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)
