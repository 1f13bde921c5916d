"""Which drawers, hoppers and note acceptors there are; to add one, write its file and add a line here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from parking.kernel.registry import Registry
from payments.cash.base import GivesCoins, OpensDrawer, TakesNotes
from payments.cash.cctalk_hopper import CcTalkHopper, HopperSettings
from payments.cash.cctalk_notes import CcTalkNotes, NoteSettings
from payments.cash.escpos_drawer import DrawerSettings, EscPosDrawer
from payments.cash.memory import MemoryDrawer, MemoryHopper, MemoryNotes


def _memory_drawer(**_: Any) -> OpensDrawer:
    return MemoryDrawer()


def _escpos(**settings: Any) -> OpensDrawer:
    return EscPosDrawer(DrawerSettings(**settings))


def _memory_hopper(**settings: Any) -> GivesCoins:
    return MemoryHopper(settings["coin_minor"], settings.get("coins", 500))


def _cctalk(**settings: Any) -> GivesCoins:
    return CcTalkHopper(HopperSettings(**settings))


def _memory_notes(**settings: Any) -> TakesNotes:
    return MemoryNotes(settings["notes"].values())


def _cctalk_notes(**settings: Any) -> TakesNotes:
    return CcTalkNotes(NoteSettings(**settings))


DRAWERS: Registry[Callable[..., OpensDrawer]] = Registry("cash_drawer", {"memory": _memory_drawer, "escpos": _escpos})
HOPPERS: Registry[Callable[..., GivesCoins]] = Registry("coin_hopper", {"memory": _memory_hopper, "cctalk": _cctalk})
ACCEPTORS: Registry[Callable[..., TakesNotes]] = Registry(
    "note_acceptor", {"memory": _memory_notes, "cctalk": _cctalk_notes}
)
