"""Which event moves what: the whole system's reactions, readable top to bottom. A group sees each event once, in order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args
from zoneinfo import ZoneInfo

from guidance.service import Occupancy
from parking.access import following
from parking.analytics.projection import Figures
from parking.bootstrap.erasing import OTHERS_FORGET
from parking.bootstrap.live_projection import LiveProjection
from parking.emergency import emergencies, fee_clocks
from parking.emergency import service as calls
from parking.emergency.reach import Reach
from parking.gate import causal_order
from parking.journeys import (
    app_hooks,
    arriving,
    evacuating,
    forgetting,
    known_rights,
    leaving,
    notifying,
    owing,
    patrolling,
    paying,
    placing,
    priced_places,
    refreshing_access,
    reminding,
    standing_again,
    wallets,
    whose_car,
)
from parking.journeys.pairing import CostsOf
from parking.journeys.ports import Cashier
from parking.kernel import events as e
from parking.plumbing.bus import Subscription
from parking.plumbing.db import UnitOfWork
from parking.plumbing.delivery import Handler
from parking.sessions import cases, visit_notes
from payments.coupons import merchants


def _record_case(uow: UnitOfWork, envelope: e.Envelope) -> None:
    """A case that another room has announced goes onto the operators' list."""
    event = envelope.event
    assert isinstance(event, e.CaseOpened)
    cases.record_case(
        uow, event.case_id, event.reason, stay_id=event.stay_id, visit_id=event.visit_id, lane_id=event.lane_id
    )


def _at_lanes(
    cashier: Cashier, reach: Reach, costs_of: CostsOf, refresh: Handler
) -> Mapping[type[e.Event], tuple[Handler, ...]]:
    """What follows from whatever a lane tells."""
    return {
        e.LaneDecided: (
            leaving.remember_decision,
            standing_again.stands_again(cashier, causal_order.frontier),
            leaving.queue_behind(cashier),
            refreshing_access.refresh_held(cashier),
            arriving.stand_at_entry,
            following.follow,
            visit_notes.note,
        ),
        e.BarrierPulsed: (leaving.remember_pulse, calls.lane_moved(reach), visit_notes.note),
        e.ExitPromised: (owing.lane_promised(cashier),),
        e.VehicleBackedAway: (
            owing.promise_ends(cashier),
            arriving.doubt_entry(cashier),
            leaving.forget_decision,
            fee_clocks.vehicle_backed_away,
            calls.lane_moved(reach),
            following.follow,
            visit_notes.note,
        ),
        e.VehiclePassed: (
            owing.promise_ends(cashier),
            arriving.open_stay(cashier, costs_of),
            whose_car.close_named(cashier, leaving.close_stay(cashier, costs_of, causal_order.heard_until)),
            calls.lane_moved(reach),
            following.follow,
            priced_places.follow(cashier),
            visit_notes.note,
        ),
        e.CodeUsed: (following.follow,),
        e.LaneFaulted: (arriving.report_fault, emergencies.fire_reported(reach)),
        e.LaneBlocked: (fee_clocks.lane_blocked, refresh, visit_notes.note),
        e.LaneCalled: (calls.lane_called(reach), visit_notes.note),
        e.LaneCallEnded: (calls.lane_call_ended(reach),),
    }


def subscriptions(
    *,
    cashier: Cashier,
    grace: paying.Grace,
    occupancy: Occupancy,
    live: LiveProjection,
    reach: Reach,
    costs_of: CostsOf,
    notices: notifying.Notices,
    note_passage: Handler,
    figures: Figures,
    zone: ZoneInfo,
) -> tuple[Subscription, ...]:
    """The table. Stays before the lanes' copy, so that the copy is made from what is already true."""
    refresh = refreshing_access.refresh_stay(cashier)
    wallet_changed = wallets.wallet_changed(cashier)
    stays: Mapping[type[e.Event], tuple[Handler, ...]] = {
        **_at_lanes(cashier, reach, costs_of, refresh),
        e.EmergencyChanged: (evacuating.plan,),
        e.PaymentCaptured: (
            paying.grant_exit(cashier, grace),
            owing.debt_ends(cashier),
            refresh,  # once, after what the payment has settled
            wallets.earn_for_fee(merchants.points_for),
        ),
        e.CouponChanged: (wallet_changed, app_hooks.tell),
        e.PointsChanged: (app_hooks.tell,),
        e.MemberChanged: (wallet_changed, app_hooks.tell),
        e.StayOpened: (refresh, notifying.stay_began(notices)),
        e.CreditChanged: (refresh,),
        e.DebtReminded: (reminding.remind(zone),),
        e.PaymentRefunded: (wallets.lose_for_refund(merchants.points_for), owing.debt_by_refund(cashier), refresh),
        e.StayClosed: (
            owing.debt_begins(cashier),
            refresh,
            notifying.stay_ended(notices),
            following.follow,
            placing.stay_closed,
            forgetting.forget_if_erased(OTHERS_FORGET),
        ),
        e.BaySeen: (placing.bay_seen(costs_of), priced_places.bay_seen(cashier)),
        e.PatrolEnded: (patrolling.patrol_ended(cashier, costs_of),),
        e.StayCorrected: (
            known_rights.corrected,
            placing.stay_corrected,
            paying.withdraw_order(cashier),
            refresh,
            notifying.stay_ended(notices),
            owing.debt_follows_plate(cashier),
            forgetting.forget_if_erased(OTHERS_FORGET),
        ),
        e.OccupancyChanged: (refreshing_access.refresh_zone,),
        e.CaseOpened: (_record_case, owing.debt_by_refund(cashier), refresh),
    }
    counts: Mapping[type[e.Event], tuple[Handler, ...]] = {
        e.VehiclePassed: (occupancy.vehicle_passed, note_passage),
        e.RampPassed: (occupancy.ramp_passed,),
        e.StayCorrected: (occupancy.stay_corrected,),
        e.LaneFaulted: (occupancy.lane_faulted,),
    }
    screens: Mapping[type[e.Event], tuple[Handler, ...]] = dict.fromkeys(get_args(e.Event), (live.handle,))
    for told in (e.VehiclePassed, e.LaneDecided):  # after all that these lead to
        stays = {**stays, told: (*stays.get(told, ()), forgetting.forget_if_erased(OTHERS_FORGET))}
    return (
        Subscription("stays", stays),
        Subscription("counts", counts),
        Subscription("live", screens),
        figures.subscription(),
    )
