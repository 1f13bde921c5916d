"""The plate reader as a torch module: seven plain convolutions, then three heads on one map of 3 x 24 places.

Places: one learnt query per place of a plate number looks for its sign where a soft Gaussian expects it; without that prior nothing
is learnt. Steps: 24 columns for CTC. Colour: of the ground. At run time everything leaves as probabilities.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lpr.training.plates import COLOURS, SIGNS, SLOTS

CLASSES = 1 + len(SIGNS)
STEPS = 24
_ROWS = 3
_EXPECTED = (0.09, 0.21, 0.40, 0.51, 0.62, 0.73, 0.83, 0.92, 0.96)
"""Where a sign's column is expected, as a share of the width; learnt further."""
_EXPECTED_SPREAD = 0.09
_FURTHEST = 0.25
"""How far a layout may move an expected column, as a share of the width."""
_PARTS = 6
"""Into how many parts of the width the layout is looked at."""


@dataclass(frozen=True, slots=True)
class Widths:
    """Channels after each convolution, and of the attention."""

    convolutions: tuple[int, ...] = (16, 32, 48, 64, 96, 128, 160)
    attention: int = 64
    mixed: int = 192


_STRIDES = (1, 2, 1, 2, 1, (2, 1), 1)


class PlateNet(nn.Module):
    """N x 3 x 24 x 96 in -1..1 (BGR) to logits: places (N x 9 x classes), steps (N x 24 x classes), colour (N x 5)."""

    def __init__(self, widths: Widths | None = None) -> None:
        super().__init__()
        widths = widths or Widths()
        layers: list[nn.Module] = []
        channels = 3
        for width, stride in zip(widths.convolutions, _STRIDES, strict=True):
            layers += [
                nn.Conv2d(channels, width, 3, stride, 1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(inplace=True),
            ]
            channels = width
        self.body = nn.Sequential(*layers)
        self.steps = nn.Conv2d(channels, CLASSES, (_ROWS, 1))
        self.keys = nn.Conv2d(channels, widths.attention, 1)
        self.queries = nn.Parameter(torch.randn(SLOTS, widths.attention) * 0.1)
        self.centres = nn.Parameter(torch.tensor(_EXPECTED))
        self.spreads = nn.Parameter(torch.full((SLOTS,), _EXPECTED_SPREAD).log())
        self.rows = nn.Parameter(torch.zeros(SLOTS, _ROWS))
        columns = (torch.arange(STEPS) + 0.5) / STEPS
        self.register_buffer("columns", columns, persistent=False)
        self.own = nn.Parameter(torch.zeros(SLOTS, widths.mixed))
        self.mix = nn.Linear(channels, widths.mixed)
        self.signs = nn.Linear(widths.mixed, CLASSES)
        self.ground = nn.Linear(channels + widths.convolutions[3], len(COLOURS))
        self.layout = nn.Linear(channels * _PARTS, 2 * SLOTS)  # last: it came after the others
        nn.init.zeros_(self.layout.weight)
        nn.init.zeros_(self.layout.bias)
        self._early = 12  # layers of `body` up to and with the fourth convolution
        self._scale = widths.attention**-0.5

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        early = self.body[: self._early](pictures)
        places = self.body[self._early :](early)
        steps = self.steps(places).squeeze(2).transpose(1, 2)
        flat = places.flatten(2)  # N x C x 72
        scores = torch.matmul(self.queries * self._scale, self.keys(places).flatten(2)) + self._prior(places)
        seen = torch.matmul(torch.softmax(scores, dim=2), flat.transpose(1, 2))  # N x 9 x C
        signs = self.signs(torch.relu(self.mix(seen) + self.own))
        pooled = torch.cat([early.mean(dim=(2, 3)), places.mean(dim=(2, 3))], dim=1)
        return signs, steps, self.ground(pooled)

    def _prior(self, places: Tensor) -> Tensor:
        """How likely each of the 72 places is for each sign before its signs are looked at, as logits (N x 9 x 72).

        Where a sign is expected depends on the layout (one row or two, how many signs), told from a coarse look at the whole.
        """
        parts = places.mean(dim=2).unflatten(2, (_PARTS, STEPS // _PARTS)).mean(dim=3).flatten(1)
        moved, widened = torch.tanh(self.layout(parts)).unflatten(1, (2, SLOTS)).unbind(dim=1)
        centres = self.centres + _FURTHEST * moved
        spreads = (self.spreads + widened).exp()
        off = (self.columns - centres.unsqueeze(2)) / spreads.unsqueeze(2)  # N x 9 x 24
        return (self.rows.unsqueeze(2) - 0.5 * off.unsqueeze(2) ** 2).flatten(2)


class Exported(nn.Module):
    """The net as it is shipped: takes 0-255, gives probabilities."""

    def __init__(self, net: PlateNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        signs, steps, ground = self.net(pictures / 127.5 - 1.0)
        return torch.softmax(steps, dim=2), torch.softmax(signs, dim=2), torch.softmax(ground, dim=1)
