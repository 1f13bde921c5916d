"""The detector's network: fully convolutional, two maps (a cell of 8 and of 16 px), sixteen numbers a cell.

Of the numbers: 0 is the plate's score (logit); 1-8 are the corners' offsets from the cell's centre in units of `REACH_PX` (x, y of the
top left, top right, bottom right, bottom left); 9 is "two rows" (logit); 10-15 are the kinds of ground (logits, in the order of `KINDS`).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

STRIDES = (8, 16)
REACH_PX = (32.0, 96.0)
CHANNELS = 16
_SURE_OF_NOTHING = -4.6  # a score of 0.01 everywhere, so that the start is not all false alarms


def convolve(given: int, made: int, *, side: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution, batch norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(given, made, side, stride, side // 2, bias=False), nn.BatchNorm2d(made), nn.ReLU(inplace=True)
    )


class HalfBlock(nn.Module):
    """A residual block that convolves half of its channels over space and mixes all of them: half the cost of a full one."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.half = channels // 2
        self.over_space = convolve(self.half, self.half)
        self.mix = nn.Sequential(nn.Conv2d(channels, channels, 1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        first, rest = x.split([self.half, self.half], 1)
        return torch.relu(x + self.mix(torch.cat([self.over_space(first), rest], 1)))


class CornerNet(nn.Module):
    """Pictures (N x 3 x H x W, BGR, 0-1, sides multiples of 32) to N x 16 x cells: the cells of the fine map, then the coarse one's."""

    def __init__(self, widths: tuple[int, int, int, int, int] = (12, 32, 64, 96, 128)) -> None:
        super().__init__()
        c2, c4, c8, c16, c32 = widths
        self.to4 = nn.Sequential(convolve(3, c2, stride=2), convolve(c2, c4, stride=2))
        self.to8 = nn.Sequential(convolve(c4, c8, stride=2), HalfBlock(c8), HalfBlock(c8))
        self.to16 = nn.Sequential(convolve(c8, c16, stride=2), *(HalfBlock(c16) for _ in range(3)))
        self.to32 = nn.Sequential(convolve(c16, c32, stride=2), *(HalfBlock(c32) for _ in range(3)))
        self.from32 = nn.Conv2d(c32, c16, 1)
        self.from16 = nn.Conv2d(c16, c8, 1)
        self.fuse16, self.fuse8 = HalfBlock(c16), HalfBlock(c8)
        self.head8 = nn.Sequential(HalfBlock(c8), nn.Conv2d(c8, CHANNELS, 1))
        self.head16 = nn.Sequential(HalfBlock(c16), nn.Conv2d(c16, CHANNELS, 1))
        self._start()

    def _start(self) -> None:
        for head in (self.head8, self.head16):
            last = head[-1]
            assert isinstance(last, nn.Conv2d)
            assert last.bias is not None
            nn.init.normal_(last.weight, std=0.01)
            with torch.no_grad():
                last.bias.zero_()
                last.bias[0] = _SURE_OF_NOTHING
                last.bias[1:9] = torch.tensor([-0.7, -0.2, 0.7, -0.2, 0.7, 0.2, -0.7, 0.2])

    def forward(self, pictures: Tensor) -> Tensor:
        at8 = self.to8(self.to4(pictures))
        at16 = self.to16(at8)
        at16 = self.fuse16(at16 + _doubled(self.from32(self.to32(at16))))
        at8 = self.fuse8(at8 + _doubled(self.from16(at16)))
        return torch.cat([self.head8(at8).flatten(2), self.head16(at16).flatten(2)], 2)


def _doubled(x: Tensor) -> Tensor:
    return nn.functional.interpolate(x, scale_factor=2.0, mode="nearest")
