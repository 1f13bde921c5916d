"""What the recogniser takes for what: counts of true sign to read sign, per place and kind, and how often it declines to say.

Pure. The matching of identities prices a misread with it, the traffic simulator draws misreads from it. Counts are kept, never
shares: counts can be added, and they say how little may have been measured. `docs/lpr.md` describes the file.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from parking.kernel.errors import ParkingError, invalid

SCHEMA = "lpr-confusion-1"
NOTHING = ""
"""As the read sign: the sign was missed. As the true sign: one was read where none is."""
_UNSEEN = 0.5
"""Counts that all pairs never seen share: what was not measured is unlikely, not impossible."""

Pairs = Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Place:
    """One place of the plates of a kind: how many signs stood there, and how many of them were not read as they are."""

    n: int
    wrong: int


@dataclass(frozen=True, slots=True)
class KindCounts:
    """Plates of one kind. Each of `n` is `unread` or was read; `rejected` reads were too doubtful to be believed."""

    n: int
    unread: int
    exact: int
    rejected: int
    wrong_accepted: int
    places: tuple[Place, ...]
    read_as: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Tally:
    """The counts of one unit of measurement: single pictures, or whole passages. `signs` and `accepted_signs` count read plates only."""

    kinds: Mapping[str, KindCounts]
    signs: Pairs
    accepted_signs: Pairs
    colours: Pairs

    @property
    def n(self) -> int:
        """Labelled plates."""
        return sum(kind.n for kind in self.kinds.values())

    @property
    def rejected_share(self) -> float:
        """The share of reads that were not believed; 0 where nothing was read."""
        reads = sum(kind.n - kind.unread for kind in self.kinds.values())
        return sum(kind.rejected for kind in self.kinds.values()) / reads if reads else 0.0

    @property
    def wrong_accepted_share(self) -> float:
        """The share of labelled plates that were believed and wrong; 0 where there are none."""
        return sum(kind.wrong_accepted for kind in self.kinds.values()) / self.n if self.n else 0.0

    def likelihood(self, true: str, read: str) -> float:
        """How likely a sign that is `true` is read as `read` (either may be `NOTHING`), smoothed for pairs never seen."""
        alphabet = {sign for pair in self.signs for sign in pair} | {true, read, NOTHING}
        total = sum(count for (was, _), count in self.signs.items() if was == true)
        return (self.signs.get((true, read), 0) + _UNSEEN / len(alphabet)) / (total + _UNSEEN)

    def misreads(self, true: str) -> tuple[tuple[str, int], ...]:
        """What the sign was wrongly read as and how often, commonest first; empty where it was never misread."""
        wrong = [(read, n) for (was, read), n in self.signs.items() if was == true and read != true and n]
        return tuple(sorted(wrong, key=lambda item: (-item[1], item[0])))

    def plain(self) -> dict[str, Any]:
        """The tally as JSON has it."""
        return {
            "n": self.n,
            "rejected_share": round(self.rejected_share, 6),
            "wrong_accepted_share": round(self.wrong_accepted_share, 6),
            "kinds": {
                name: {
                    **{key: getattr(kind, key) for key in _KIND_COUNTS},
                    "place_n": [place.n for place in kind.places],
                    "place_wrong": [place.wrong for place in kind.places],
                    "read_as": dict(sorted(kind.read_as.items())),
                }
                for name, kind in sorted(self.kinds.items())
            },
            **{key: _nested(getattr(self, key)) for key in _PAIRS},
        }


@dataclass(frozen=True, slots=True)
class Confusion:
    """A measured confusion; `measured` says in words how (source, sets, pipeline, day), `passage` is empty where none was measured."""

    measured: Mapping[str, str]
    frame: Tally
    passage: Tally

    def dumps(self) -> str:
        """The file's text."""
        plain = {
            "schema": SCHEMA,
            "measured": dict(self.measured),
            "frame": self.frame.plain(),
            "passage": self.passage.plain(),
        }
        return _laid_out(plain, 0) + "\n"

    @classmethod
    def loads(cls, text: str) -> Self:
        """The confusion in a file's text; ParkingError names the key that is wrong."""
        try:
            plain = json.loads(text)
        except json.JSONDecodeError as error:
            raise _wrong("confusion", f"is not JSON ({error.msg}, line {error.lineno})") from None
        table = _table("confusion", plain)
        if table.get("schema") != SCHEMA:
            raise _wrong("schema", f"should be {SCHEMA!r}")
        measured = _table("measured", table.get("measured", {}))
        return cls(
            {str(key): str(value) for key, value in measured.items()},
            _tally("frame", table.get("frame")),
            _tally("passage", table.get("passage")),
        )


@dataclass(slots=True)
class _Kind:
    counts: Counter[str] = field(default_factory=Counter)
    places: list[tuple[int, int]] = field(default_factory=list)
    read_as: Counter[str] = field(default_factory=Counter)


class Counting:
    """Collects outcomes one by one; `tally` at the end."""

    def __init__(self) -> None:
        self._kinds: dict[str, _Kind] = {}
        self._pairs: dict[str, Counter[tuple[str, str]]] = {name: Counter() for name in _PAIRS}

    def add(self, kind: str, true: str, read: str | None, *, read_as: str, accepted: bool) -> None:
        """One labelled plate: its kind and number, and the number and kind that were read (None: nothing was)."""
        entry = self._kinds.setdefault(kind, _Kind())
        entry.counts["n"] += 1
        if read is None:
            entry.counts["unread"] += 1
            return
        entry.counts["exact"] += read == true
        entry.counts["rejected"] += not accepted
        entry.counts["wrong_accepted"] += accepted and read != true
        entry.read_as[read_as] += 1
        entry.places += [(0, 0)] * (len(true) - len(entry.places))
        place = 0
        for was, seen in aligned(true, read):
            self._pairs["signs"][was, seen] += 1
            self._pairs["accepted_signs"][was, seen] += accepted
            if was != NOTHING:
                n, wrong = entry.places[place]
                entry.places[place] = (n + 1, wrong + (was != seen))
                place += 1

    def add_colour(self, true: str, read: str) -> None:
        """One labelled ground colour, and the colour that was read (`NOTHING`: unknown)."""
        self._pairs["colours"][true, read] += 1

    def tally(self) -> Tally:
        """What has been counted so far."""
        kinds = {
            name: KindCounts(
                **{key: entry.counts[key] for key in _KIND_COUNTS},
                places=tuple(Place(n, wrong) for n, wrong in entry.places),
                read_as=dict(entry.read_as),
            )
            for name, entry in self._kinds.items()
        }
        pairs = {name: {pair: n for pair, n in counter.items() if n} for name, counter in self._pairs.items()}
        return Tally(kinds, **pairs)


def aligned(true: str, read: str) -> tuple[tuple[str, str], ...]:
    """Both texts sign by sign with the fewest edits, a swapped sign before a missed and an added one; `NOTHING` fills gaps."""
    edits = [[0] * (len(read) + 1) for _ in range(len(true) + 1)]
    for i in range(len(true) + 1):
        for j in range(len(read) + 1):
            if i == 0 or j == 0:
                edits[i][j] = i + j
            else:
                swapped = edits[i - 1][j - 1] + (true[i - 1] != read[j - 1])
                edits[i][j] = min(swapped, edits[i - 1][j] + 1, edits[i][j - 1] + 1)
    pairs, i, j = [], len(true), len(read)
    while i or j:
        if i and j and edits[i][j] == edits[i - 1][j - 1] + (true[i - 1] != read[j - 1]):
            i, j = i - 1, j - 1
            pairs.append((true[i], read[j]))
        elif i and edits[i][j] == edits[i - 1][j] + 1:
            i -= 1
            pairs.append((true[i], NOTHING))
        else:
            j -= 1
            pairs.append((NOTHING, read[j]))
    return tuple(reversed(pairs))


_DEEPEST = 3
_KIND_COUNTS = ("n", "unread", "exact", "rejected", "wrong_accepted")
_PAIRS = ("signs", "accepted_signs", "colours")


def _laid_out(plain: Mapping[str, Any], depth: int) -> str:
    """JSON that a person can read and a difference can show: three levels on lines of their own, the rest in one line each."""
    if depth == _DEEPEST or not plain:
        return json.dumps(plain, ensure_ascii=False)
    step = " " * (depth + 1)
    rows = (
        f"{step}{json.dumps(key, ensure_ascii=False)}: "
        + (_laid_out(value, depth + 1) if isinstance(value, Mapping) else json.dumps(value, ensure_ascii=False))
        for key, value in plain.items()
    )
    return "{\n" + ",\n".join(rows) + "\n" + " " * depth + "}"


def _nested(pairs: Pairs) -> dict[str, dict[str, int]]:
    rows: dict[str, dict[str, int]] = {}
    for (was, seen), count in sorted(pairs.items()):
        rows.setdefault(was, {})[seen] = count
    return rows


def _tally(at: str, plain: Any) -> Tally:
    table = _table(at, plain)
    kinds = {
        name: _kind(f"{at}.kinds.{name}", entry)
        for name, entry in _table(f"{at}.kinds", table.get("kinds", {})).items()
    }
    return Tally(kinds, **{key: _pairs(f"{at}.{key}", table.get(key, {})) for key in _PAIRS})


def _kind(at: str, plain: Any) -> KindCounts:
    table = _table(at, plain)
    n, wrong = (_row(f"{at}.{key}", table.get(key, [])) for key in ("place_n", "place_wrong"))
    if len(n) != len(wrong):
        raise _wrong(f"{at}.place_wrong", "should be as long as place_n")
    return KindCounts(
        **{key: _count(f"{at}.{key}", table.get(key)) for key in _KIND_COUNTS},
        places=tuple(Place(*counts) for counts in zip(n, wrong, strict=True)),
        read_as={
            name: _count(f"{at}.read_as.{name}", n)
            for name, n in _table(f"{at}.read_as", table.get("read_as", {})).items()
        },
    )


def _pairs(at: str, plain: Any) -> Pairs:
    found = {}
    for was, row in _table(at, plain).items():
        for seen, count in _table(f"{at}.{was}", row).items():
            if len(was) > 1 and not at.endswith("colours"):
                raise _wrong(f"{at}.{was}", "should be one sign, or nothing")
            found[was, seen] = _count(f"{at}.{was}.{seen}", count)
    return found


def _table(at: str, plain: Any) -> Mapping[str, Any]:
    if not isinstance(plain, Mapping):
        raise _wrong(at, "should be an object")
    return plain


def _row(at: str, values: Any) -> list[int]:
    if not isinstance(values, list):
        raise _wrong(at, "should be a list")
    return [_count(f"{at}.{number}", value) for number, value in enumerate(values)]


def _count(at: str, value: Any) -> int:
    if type(value) is not int or value < 0:
        raise _wrong(at, "should be a whole number, 0 or more")
    return value


def _wrong(at: str, why: str) -> ParkingError:
    return invalid("confusion.malformed", why, field=at)
