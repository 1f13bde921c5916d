"""One log to standard output, JSON or coloured. Whatever looks like a plate, a phone or card number or a token of ours never reaches it."""

from __future__ import annotations

import logging
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path
from typing import Any, TextIO

import structlog

from parking.kernel.plate import Plate

_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领"
_GAP = r"[·・•\s.-]?"
_CHINESE = re.compile(
    rf"[{_PROVINCES}]{_GAP}[A-Z]{_GAP}[A-Z0-9]{{4,6}}[挂学警港澳领使]?"
    rf"|使{_GAP}\d{{3}}{_GAP}\d{{3}}|WJ{_GAP}[{_PROVINCES}]?{_GAP}\d{{4}}[A-Z0-9]",
    re.IGNORECASE,
)
_CARD = re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])")
_PHONE = re.compile(r"(?<![\w.-])(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?![\w-]|\.\d)", re.ASCII)
_TOKEN = re.compile(r"(?<![\w.-])[\w-]{1,64}\.[\w-]{16,}\.[\w-]{86}(?![\w-])", re.ASCII)
"""Of ours, as `kernel.signed` seals them: whoever reads one in a log could show it."""
_PLATE_KEYS = frozenset({"plate", "plate_text", "number_plate", "license_plate"})
HIDDEN = "[hidden]"
_NAME_ADDRESSES = ("httpx", "httpcore", "websockets", "uvicorn.access")
_MINUTE_S = 60.0
_START_AND_END = ("uvicorn", "lifespan")  # the folders of uvicorn whose lines name no request


def _luhn(digits: str) -> bool:
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _card(match: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", match[0])
    return HIDDEN if _luhn(digits) else match[0]


def redact(text: str) -> str:
    """`text` without Chinese plates, Chinese mobile numbers, sealed tokens, and 13 to 19 digits that satisfy the card check sum."""
    return _PHONE.sub(HIDDEN, _CARD.sub(_card, _CHINESE.sub(HIDDEN, _TOKEN.sub(HIDDEN, text))))


def _clean(value: Any, key: str = "") -> Any:
    if isinstance(value, Plate):
        return value.masked
    if key.lower() in _PLATE_KEYS and isinstance(value, str):
        return Plate(value).masked
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {k: _clean(v, str(k)) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(v) for v in value]
    if value is None or isinstance(value, (int, float)):
        return value
    return redact(str(value))


def redact_event(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The structlog processor that applies `redact` to every field, traceback included."""
    return {key: _clean(value, key) for key, value in event.items()}


def hush() -> None:
    """Libraries that write the address of every request keep it to themselves: it may carry a plate, a code or a token.

    Of uvicorn only its start, its end and its troubles are heard.
    """
    for name in _NAME_ADDRESSES:
        logging.getLogger(name).setLevel(logging.WARNING)
    server = logging.getLogger("uvicorn.error")
    if _start_and_trouble not in server.filters:
        server.addFilter(_start_and_trouble)
        server.addFilter(OnceAMinute())


class OnceAMinute:
    """Warnings of uvicorn that any stranger's bytes bring about: one line a minute for each, with how many there were; no address.

    `monotonic_s` gives seconds that never run backwards. Errors, and what other parts of uvicorn warn of, pass.
    """

    def __init__(self, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._monotonic_s = monotonic_s
        self._told_s: dict[str, float] = {}
        self._untold: Counter[str] = Counter()

    def __call__(self, record: logging.LogRecord) -> bool:
        if record.levelno != logging.WARNING or "protocols" not in Path(record.pathname).parts:
            return True
        said, now_s = str(record.msg), self._monotonic_s()
        self._untold[said] += 1
        if now_s - self._told_s.get(said, float("-inf")) < _MINUTE_S:
            return False
        self._told_s[said] = now_s
        record.msg, record.args = f"{said.rstrip('.')}: %d", (self._untold.pop(said),)
        return True


def _start_and_trouble(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING or Path(record.pathname).parent.name in _START_AND_END


def set_up(*, json: bool, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send structlog and the standard library's logging through one redacting chain to `stream` (standard output)."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.format_exc_info,
        redact_event,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False) if json else structlog.dev.ConsoleRenderer()
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer]
    )
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    hush()
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
