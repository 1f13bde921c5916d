"""What people decide teaches the costs (pure): counts of read sign to true sign, from the lessons in force and from nothing else.

The same lessons give the same counts and the same version, in whatever order they came; none in force give none.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

from parking.kernel.plate import Plate
from parking.sessions.costs import NOTHING

MOST_WRONG = 2
BLANK = "某"
"""In the place of a sign of which nobody is to know any more what it was; no plate has it."""


@dataclass(frozen=True, slots=True)
class Teaching:
    """What the lessons in force say: how often a true sign was read as another (either may be `NOTHING`), and their version."""

    misreads: Mapping[tuple[str, str], int]
    lessons: tuple[str, ...]
    version: str


def differences(read: Plate, true: Plate) -> tuple[tuple[str, str], ...]:
    """The (true, read) signs in which two plates differ, aligned without regard to where the first of them stand."""
    pairs: list[tuple[str, str]] = []
    matcher = SequenceMatcher(None, true.text, read.text, autojunk=False)
    for tag, t0, t1, r0, r1 in matcher.get_opcodes():
        if tag == "equal":
            continue
        was, said = true.text[t0:t1], read.text[r0:r1]
        longest = max(len(was), len(said))
        pairs += [(was[i : i + 1] or NOTHING, said[i : i + 1] or NOTHING) for i in range(longest)]
    return tuple(pairs)


def blanked(read: Plate, true: Plate) -> tuple[Plate, Plate] | None:
    """Both plates with every sign that they share blanked out: they teach the same, and name nobody. None where that cannot be."""
    matcher = SequenceMatcher(None, true.text, read.text, autojunk=False)
    was, said = "", ""
    for tag, t0, t1, r0, r1 in matcher.get_opcodes():
        was += BLANK * (t1 - t0) if tag == "equal" else true.text[t0:t1]
        said += BLANK * (r1 - r0) if tag == "equal" else read.text[r0:r1]
    if not was or not said:
        return None
    both = Plate(said), Plate(was)
    return both if differences(*both) == differences(read, true) else None


def teaches(read: Plate, true: Plate) -> bool:
    """Whether this is a misreading that a camera could repeat, and not just another car."""
    return 1 <= len(differences(read, true)) <= MOST_WRONG


def teaching_of(said: Mapping[str, Iterable[tuple[str, str]]]) -> Teaching:
    """What the lessons in force teach, given by their ids, each with its `differences`."""
    counts = Counter(pair for one in said.values() for pair in one)
    return Teaching(dict(sorted(counts.items())), tuple(sorted(said)), version_of(said))


def version_of(ids: Iterable[str]) -> str:
    """A short name for exactly these lessons; `none` for none."""
    known = sorted(ids)
    return hashlib.sha256("\n".join(known).encode()).hexdigest()[:12] if known else "none"
