"""What a Chinese plate says of its vehicle (GA 36-2018): its class, whether it drives electrically, whether it is large.

Colours are not in the number: a plate that says nothing gets no words, and is priced by the rules for everybody.
"""

from __future__ import annotations

import re

from parking.kernel.plate import Plate
from payments.tariff.facts import NO_FACTS, Facts

_SMALL_ENERGY = re.compile(r"^[\u4e00-\u9fff][A-Z]([A-HJK])[A-Z0-9]\d{4}$")
_LARGE_ENERGY = re.compile(r"^[\u4e00-\u9fff][A-Z]\d{5}([A-HJK])$")
_ELECTRIC = frozenset("ABCDE")
_LAST = {
    "警": "police",
    "学": "trainee",
    "挂": "trailer",
    "使": "embassy",
    "领": "consulate",
    "港": "hong_kong",
    "澳": "macau",
}


def facts_of_plate(plate: Plate | None) -> Facts:
    """The words for a tariff's `for`: vehicles, plates, energy."""
    if plate is None:
        return NO_FACTS
    for pattern, vehicle in ((_SMALL_ENERGY, "small"), (_LARGE_ENERGY, "large")):
        found = pattern.match(plate.text)
        if found is not None:
            return Facts(0, vehicle, "green", "electric" if found[1] in _ELECTRIC else "hybrid")
    if plate.text.endswith("应急"):
        return Facts(plate_class="emergency")
    word = _LAST.get(plate.text[-1])
    return NO_FACTS if word is None else Facts(plate_class=word)
