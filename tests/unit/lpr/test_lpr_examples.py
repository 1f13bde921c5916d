"""What the README and the pages show of the library runs as it stands there, on drawn pictures."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from lpr import worker
from lpr.drawing.scenes import draw_scene
from lpr.drawing.vehicles import Vehicle

ROOT = Path(__file__).resolve().parents[3]


def examples(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)


def output_of(code: str, names: dict[str, Any]) -> str:
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(code, "example", "exec"), names)
    return said.getvalue()


@pytest.mark.req("LPR-1")
def test_the_example_in_the_readme_prints_what_it_says() -> None:
    (code,) = [example for example in examples("README.md") if "Pipeline" in example]
    wanted = re.findall(r"#> (.*)", code)
    assert wanted
    assert output_of(code, {}).splitlines() == wanted


@pytest.mark.req("LPR-1", "LPR-2")
def test_the_examples_of_the_page_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    cv2.imwrite(str(tmp_path / "gate.jpg"), draw_scene(Vehicle.of("粤B8K219", rng), rng, approach=0.95).image)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(worker.Worker, "start", lambda _self: None)  # there is no such camera
    names: dict[str, Any] = {}
    picture, camera = examples("docs/lpr.md")
    assert output_of(picture, names).startswith("粤B8K219 civil blue ")
    assert output_of(camera, names).startswith("粤B***19")
