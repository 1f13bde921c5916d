"""The close look's network: where in a view, which should show a plate level and 80 px wide, its corners really are; or that it is none.

Sixteen numbers come out, in the order of the detector's cells: the score (logit); how far each corner lies from where it should
(x, y of the top left, top right, bottom right, bottom left) in units of `REACH_PX`; "two rows" (logit); six kinds of ground (logits).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lpr.training.detector_net import CHANNELS, HalfBlock, convolve


class CloseNet(nn.Module):
    """Views (N x 3 x 64 x 128, BGR, 0-1) to N x 16."""

    def __init__(self, widths: tuple[int, int, int, int] = (16, 32, 64, 96), middle: int = 128) -> None:
        super().__init__()
        c2, c4, c8, c16 = widths
        self.see = nn.Sequential(
            convolve(3, c2, stride=2),
            convolve(c2, c4, stride=2),
            HalfBlock(c4),
            convolve(c4, c8, stride=2),
            HalfBlock(c8),
            HalfBlock(c8),
            convolve(c8, c16, stride=2),
            HalfBlock(c16),
            HalfBlock(c16),
        )
        self.tell = nn.Sequential(
            nn.Flatten(), nn.Linear(c16 * 32, middle), nn.ReLU(inplace=True), nn.Linear(middle, CHANNELS)
        )
        last = self.tell[-1]
        assert isinstance(last, nn.Linear)
        nn.init.normal_(last.weight, std=0.01)
        nn.init.zeros_(last.bias)

    def forward(self, views: Tensor) -> Tensor:
        answers: Tensor = self.tell(torch.nn.functional.dropout(self.see(views), 0.05, self.training))
        return answers
