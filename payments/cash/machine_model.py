"""The words of a cash machine: what its acceptor is up to, and the conversation with somebody who pays notes into it. Pure.

A note counts when the acceptor says that it is stored, by its event counter; an order to store one is written down before it is given
(`wish`), so that whoever comes after a crash knows what to ask about.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from parking.kernel.money import Money
from payments.cash.base import Heard, NoteEvent, NoteWord

WATCHED_AGAIN = timedelta(seconds=10)


class Wish(StrEnum):
    """What is to become of the note that is held."""

    NONE = ""
    STORE = "store"
    RETURN = "return"


class Trouble(StrEnum):
    """Why an acceptor takes nothing, until somebody has seen to it."""

    NONE = ""
    JAM = "jam"
    FULL = "full"
    NO_BOX = "no_box"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Acceptor:
    """As far as it has been followed: `seen` is its counter, `held` the value in escrow in minor units (0: nothing is held).

    Of a note that we gave up on, `held` and `wished_at` stay while it `holds` nothing: if it is stored all the same, they say whose it is.
    """

    till: str
    seen: int | None = None
    holds: bool = False
    held: int = 0
    wish: Wish = Wish.NONE
    wished_at: datetime | None = None
    trouble: Trouble = Trouble.NONE
    away_since: datetime | None = None

    @property
    def answers(self) -> bool:
        """Whether it did when it was last asked; one that was never heard of does not."""
        return self.seen is not None and self.away_since is None

    def empty(self) -> Acceptor:
        return replace(self, holds=False, held=0, wish=Wish.NONE, wished_at=None)

    def given_up(self) -> Acceptor:
        """It does not say what became of the note that it was to store: it takes no more until somebody has looked into it."""
        return replace(self, holds=False, wish=Wish.NONE, trouble=Trouble.FAULT)


@dataclass(frozen=True, slots=True)
class Stored:
    """A note that has gone into the cashbox. `late_of`: we had given up on it, and had ordered it then.

    `strayed`: it was not there to be stored, as far as we know.
    """

    value: int
    late_of: datetime | None = None
    strayed: bool = False


@dataclass(frozen=True, slots=True)
class Followed:
    """What news have made of an acceptor: notes that were `stored`, and the value of one of which nobody knows whether it was."""

    acceptor: Acceptor
    stored: tuple[Stored, ...] = ()
    unsure: int | None = None


_TROUBLES = {
    NoteWord.JAM: Trouble.JAM,
    NoteWord.FULL: Trouble.FULL,
    NoteWord.NO_BOX: Trouble.NO_BOX,
    NoteWord.FAULT: Trouble.FAULT,
    NoteWord.READY: Trouble.NONE,
}


def follow(acceptor: Acceptor, heard: Heard) -> Followed:
    """Take over what it said, oldest first. The first answer ever is where counting begins."""
    if acceptor.seen is None:
        return Followed(replace(acceptor, seen=heard.counter))
    now, stored, unsure = acceptor, [], None
    if heard.missed:  # what was held is told of no more, unless the last words are about it
        ended = any(one.word in (NoteWord.STORED, NoteWord.RETURNED) for one in heard.events)
        unsure = _unsure(now) if not ended else None
        trouble = Trouble.NONE if heard.counter == 0 else now.trouble
        now = replace(now if ended else now.empty(), trouble=trouble)
    for event in heard.events:
        if event.word is NoteWord.STORED:
            stored.append(_stored(now, event.note))
        elif event.word in (NoteWord.JAM, NoteWord.FAULT):
            unsure = _unsure(now) or unsure
        now = _after(now, event)
    return Followed(replace(now, seen=heard.counter), tuple(stored), unsure)


def _stored(now: Acceptor, value: int) -> Stored:
    if now.holds:
        return Stored(value, strayed=now.wish is Wish.RETURN)
    known = now.wished_at is not None and now.held == value
    return Stored(value, late_of=now.wished_at if known else None, strayed=not known)


def _after(now: Acceptor, event: NoteEvent) -> Acceptor:
    if event.word is NoteWord.ESCROW:
        return replace(now.empty(), holds=True, held=event.note)
    if event.word in (NoteWord.STORED, NoteWord.RETURNED):
        return now.empty()
    trouble = _TROUBLES.get(event.word, now.trouble)
    return replace(now if event.word is NoteWord.FULL else _cleared(now, event), trouble=trouble)


def _cleared(now: Acceptor, event: NoteEvent) -> Acceptor:
    if event.word not in (NoteWord.JAM, NoteWord.FAULT):
        return now
    return now.given_up() if now.holds and now.wish is Wish.STORE else now.empty()


def _unsure(now: Acceptor) -> int | None:
    """The value of the note that we had told it to store."""
    return now.held if now.holds and now.wish is Wish.STORE else None


class SessionState(StrEnum):
    OPEN = "open"  # notes are taken
    ENDING = "ending"  # none any more; what is held leaves the escrow
    GIVING = "giving"  # coins go back
    OVER = "over"


class Why(StrEnum):
    """How a session came to its end."""

    PAID = "paid"
    CANCELLED = "cancelled"
    EXPIRED = "expired"  # nobody went on
    NOT_DUE = "not_due"  # it was paid in another way meanwhile, or its order was closed


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody pays one payment with notes; amounts in minor units of `due`'s currency.

    `to_give` is what goes back: the change, or all of it; what the hoppers cannot give of it is owed under the `slip`.
    """

    id: str
    till: str
    stay_id: str
    payment_id: str
    due: Money
    state: SessionState
    begun_at: datetime
    expires_at: datetime
    why: Why | None = None
    stored: int = 0
    to_give: int = 0
    given: int = 0
    slip: str | None = None
    ended_at: datetime | None = None
    handed_at: datetime | None = None
    watched_at: datetime | None = None

    def is_watched_anew(self, at: datetime) -> bool:
        """Whether it is to be written down that its page asks: of one that goes on, every few seconds, wherever the clock was put."""
        if self.state is SessionState.OVER:
            return False
        return self.watched_at is None or abs(at - self.watched_at) >= WATCHED_AGAIN

    @property
    def left(self) -> int:
        """What is still to be paid in."""
        return max(0, self.due.minor - self.stored)

    @property
    def owed(self) -> int:
        """What a person has to hand out."""
        is_owed = self.state is SessionState.OVER and self.handed_at is None
        return max(0, self.to_give - self.given) if is_owed else 0


def held_of(till: str) -> str:
    """The account of what a machine has taken and has neither booked as paid nor given back."""
    return f"held:{till}"
