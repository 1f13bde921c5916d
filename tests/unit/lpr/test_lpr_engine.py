"""Cameras share their models: one session, any number of threads, the same answers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from lpr import engine, weights
from lpr.grammars.china import china
from lpr.readers.plate_net import MODEL, PlateNetReader
from tests.builders.lpr import a_picture

pytestmark = pytest.mark.req("LPR-2")


def test_two_cameras_load_a_model_once() -> None:
    path = weights.own(MODEL)
    assert engine.Engine(path)._session is engine.Engine(path)._session


def test_readers_on_eight_threads_see_what_one_sees() -> None:
    strips = [a_picture(seed, width=160, height=48) for seed in range(16)]
    signs = china().signs
    alone = [PlateNetReader(signs).read((strip,))[0].steps.probabilities for strip in strips]
    with ThreadPoolExecutor(8) as threads:
        together = list(
            threads.map(lambda strip: PlateNetReader(signs).read((strip,))[0].steps.probabilities, strips * 8)
        )
    for number, seen in enumerate(together):
        np.testing.assert_array_equal(seen, alone[number % len(alone)])
