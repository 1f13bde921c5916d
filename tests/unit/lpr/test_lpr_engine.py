"""Cameras share their models: one session, any number of threads, the same answers."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

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


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library has its own heaps")
def test_all_threads_of_a_process_that_reads_share_one_heap() -> None:
    program = """
import ctypes, sys, threading
from lpr import engine, weights
from lpr.readers.plate_net import MODEL
if sys.argv[1] == "reads":
    engine.Engine(weights.own(MODEL))
ready = threading.Barrier(5)
def hold() -> None:
    kept = [bytes(n) for n in range(600, 1600)]
    ready.wait(60)
    ready.wait(60)
threads = [threading.Thread(target=hold) for _ in range(4)]
for thread in threads:
    thread.start()
ready.wait(60)
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
out = libc.fopen(sys.argv[2].encode(), b"w")
libc.malloc_info(0, ctypes.c_void_p(out))
libc.fclose(ctypes.c_void_p(out))
ready.wait(60)
"""

    def heaps(how: str) -> int:
        with tempfile.NamedTemporaryFile() as told:
            subprocess.run([sys.executable, "-c", program, how, told.name], check=True, timeout=300)
            return Path(told.name).read_text(encoding="utf-8").count("<heap ")

    assert heaps("only imports") > heaps("reads") == 1


@pytest.mark.req("PRIV-1")
def test_whoever_reads_plates_reports_to_nobody(tmp_path: Path) -> None:
    program = "from lpr import Pipeline; Pipeline.default()"
    environment = {name: value for name, value in os.environ.items() if name not in {"CI", "GITHUB_ACTIONS"}}
    subprocess.run([sys.executable, "-c", program], env=environment | {"HOME": str(tmp_path)}, check=True, timeout=300)
    assert list(tmp_path.rglob("*")) == []  # what reports leaves its identifier and its queue at home
