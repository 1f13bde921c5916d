"""Which bay of the demo mall is seen by what: ultrasonic sensors, an MQTT broker, two cameras over three bays each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

CAMERAS = {"bay_camera_b1": ("A13", "A14", "A15"), "bay_camera_b2": ("C01", "C02", "C03")}
NODES = {1: [f"A{n:02d}" for n in range(1, 13)], 2: [f"B{n:02d}" for n in range(1, 16)]}
ON_BROKER = [*(f"C{n:02d}" for n in range(4, 16)), *(f"D{n:02d}" for n in range(1, 16))]
NOT_FOR_ALL = frozenset({"D12", "D13", "D14", "D15"})
"""For charging, and for disabled people: who merely looks for a bay leaves them alone."""
LEVELS: Mapping[bool, tuple[str, ...]] = {
    False: (*NODES[1], *NODES[2], *CAMERAS["bay_camera_b1"]),
    True: (*CAMERAS["bay_camera_b2"], *ON_BROKER),
}
"""Whether it is the lower level, and its bays."""
PORTS = ("bay_controller", "bay_broker", *CAMERAS)


def channels() -> dict[str, str]:
    """The channel of each ultrasonic sensor, and its bay."""
    return {f"{node}/{n}": bay for node, bays in NODES.items() for n, bay in enumerate(bays)}


BOX_IN_LENS = (0.16, 0.14, 0.80, 0.80)
"""The part of a lens's picture that is the bay; left, top, right, bottom, shares 0-1."""


def boxes_of(bays: Sequence[str]) -> dict[str, str]:
    """Where each bay is in a camera's picture, as a settings file says it: `left,top,right,bottom` to bay."""
    left, top, right, bottom = BOX_IN_LENS
    count = len(bays)
    return {f"{(n + left) / count:.4f},{top},{(n + right) / count:.4f},{bottom}": bay for n, bay in enumerate(bays)}
