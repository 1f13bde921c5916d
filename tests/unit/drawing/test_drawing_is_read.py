"""What is drawn is read: every class and every province, by the pipeline that reads real pictures."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lpr import Frame, Pipeline
from lpr.drawing.layouts import PlateStyle
from lpr.drawing.scenes import Light
from tests.builders.drawing import a_scene

pytestmark = pytest.mark.req("LPR-1")

BY_CLASS = {
    PlateStyle.BLUE: "京N36B72",
    PlateStyle.YELLOW: "豫H82564",
    PlateStyle.GREEN_SMALL: "沪AD52719",
    PlateStyle.GREEN_LARGE: "川B38761D",
    PlateStyle.POLICE: "苏A2735警",
    PlateStyle.LEARNER: "浙C4926学",
    PlateStyle.HONG_KONG_MACAU: "粤Z3K56港",
    PlateStyle.YELLOW_DOUBLE: "鲁F67235",
}


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return Pipeline.default()


def read(pipeline: Pipeline, plate: str, style: PlateStyle | None, light: Light, seed: int) -> str:
    scene = a_scene(plate, style=style, light=light, seed=seed, approach=0.8, moving=0.3)
    reads = pipeline.read(Frame(scene.image, "gate", datetime(2026, 3, 2, tzinfo=UTC), 1))
    return reads[0].plate.text if reads else ""


@pytest.mark.parametrize(("style", "plate"), BY_CLASS.items())
def test_a_plate_of_every_class_is_read_at_the_gate(pipeline: Pipeline, style: PlateStyle, plate: str) -> None:
    assert read(pipeline, plate, style, Light.DAY, seed=11) == plate


@pytest.mark.parametrize("province", "京津沪渝冀苏浙皖粤川鲁豫湘鄂闽")
def test_a_plate_of_a_province_is_read_at_night(pipeline: Pipeline, province: str) -> None:
    plate = f"{province}A37B52"
    assert read(pipeline, plate, None, Light.NIGHT, seed=ord(province) % 97) == plate
