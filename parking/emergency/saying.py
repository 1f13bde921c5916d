"""What an operator tells whoever calls, on the screen that called: a phone or a kiosk shows it, a lane's own button has none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy import Connection

from parking.emergency import store
from parking.emergency.model import CallSource, CallState, CallStep, HelpCall
from parking.emergency.reach import Reach
from parking.emergency.ringing import tell
from parking.emergency.service import held
from parking.kernel.errors import conflict, invalid
from parking.kernel.principal import Principal
from parking.plumbing.db import UnitOfWork

LONGEST = 120
_PHRASE, _WORDS = "said", "wrote"


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence in both languages; an operator's own words are the same in both."""

    zh: str
    en: str


PHRASES: Mapping[str, Said] = MappingProxyType(
    {
        "coming": Said("工作人员正在赶来，请稍候", "Somebody is on the way to you. Please wait"),
        "opens": Said("道闸即将抬起，抬起后请驶离", "The barrier is about to rise. Please drive on then"),
        "pay": Said("请先在此页面缴费，之后道闸自动抬起", "Please pay on this page. The barrier then rises by itself"),
        "closer": Said("请向前靠近道闸一点", "Please drive a little closer to the barrier"),
        "back": Said("请先倒车让出车道", "Please back out of the lane first"),
        "desk": Said("请到收费处办理", "Please come to the cash desk"),
    }
)


def say(uow: UnitOfWork, reach: Reach, call_id: str, who: Principal, phrase: str, text: str) -> HelpCall:
    """Show one of our sentences, or the operator's own words; only who has taken the call may, and only to a caller with a screen."""
    call = held(uow, call_id, who)
    if call.source is CallSource.LANE:
        raise conflict("call.no_screen", "this call comes from the lane's own button, which has no screen")
    text = " ".join(text.split())
    if bool(phrase) is bool(text):
        raise invalid("call.words", "say one of the sentences, or words of your own", field="text")
    if phrase and phrase not in PHRASES:
        raise invalid("call.phrase", f"should be one of {', '.join(PHRASES)}", field="phrase")
    reach.audit(uow, who, "call.say", call_id, phrase or text)
    tell(uow, call, CallState.TAKEN, _PHRASE if phrase else _WORDS, who=who.subject, detail=phrase or text)
    return call


def heard(steps: list[CallStep]) -> Said | None:
    """What was said last, of a call's log."""
    last = next((step for step in reversed(steps) if step.what in (_PHRASE, _WORDS)), None)
    if last is None:
        return None
    return PHRASES.get(last.detail) if last.what == _PHRASE else Said(last.detail, last.detail)


def of_call(conn: Connection, call: HelpCall) -> Said | None:
    """What was last said to this caller; nothing to one without a screen."""
    return None if call.source is CallSource.LANE else heard(list(store.steps_of(conn, call.id)))
