"""Scenes that the detector is trained on: the same for the same seed, true in their corners, different in everything else."""

from __future__ import annotations

import ast
from pathlib import Path

import cv2
import numpy as np
import pytest

import lpr.training
from lpr import rectify
from lpr.frame import extent
from lpr.model import Region
from lpr.training.detector_crops import cut_crop
from lpr.training.scenes import HEIGHT, KINDS, WIDTH, TrainingScene, draw_training_scene

pytestmark = pytest.mark.req("LPR-1")
_FLAT = np.array([[0, 0], [96, 0], [96, 32], [0, 32]], dtype=np.float32)


def a_scene(seed: int) -> TrainingScene:
    return draw_training_scene(np.random.default_rng(seed))


def test_one_seed_draws_one_scene_and_another_seed_another() -> None:
    first, again, other = a_scene(5), a_scene(5), a_scene(6)
    assert np.array_equal(first.image, again.image)
    assert len(first.plates) == len(again.plates)
    assert not np.array_equal(first.image, other.image)


def test_scenes_are_pictures_and_their_plates_lie_in_them() -> None:
    scenes = [a_scene(seed) for seed in range(40)]
    plates = [plate for scene in scenes for plate in scene.plates]
    assert {scene.image.shape for scene in scenes} == {(HEIGHT, WIDTH, 3)}
    assert {scene.image.dtype for scene in scenes} == {np.dtype(np.uint8)}
    assert len(plates) > 25
    assert {plate.rows for plate in plates} == {1, 2}
    assert {plate.kind for plate in plates} >= {
        KINDS.index(kind) for kind in ("blue", "yellow", "green", "white", "latin")
    }
    for plate in plates:
        assert rectify.usable(plate.corners)
        assert (plate.corners >= -1).all()
        assert (plate.corners <= (WIDTH + 1, HEIGHT + 1)).all()
    assert max(extent(plate.corners)[0] for plate in plates) > 150
    assert min(extent(plate.corners)[0] for plate in plates) < 40


def test_the_corners_are_true_plates_straighten_to_a_rim_of_one_ground(monkeypatch: pytest.MonkeyPatch) -> None:
    """With every plate painted magenta, what lies between the corners is magenta, and what lies outside is not."""
    from lpr.training import scenes

    def magenta(_width: float, _rng: np.random.Generator) -> tuple[np.ndarray, int, int]:
        return np.full((70, 220, 3), (255, 0, 255), dtype=np.uint8), 1, 0

    monkeypatch.setattr(scenes, "_random_plate", magenta)
    monkeypatch.setattr(scenes, "_age", lambda plate, _rng: plate)
    monkeypatch.setattr(scenes, "_weather", lambda picture, _plates, _rng: picture)
    monkeypatch.setattr(scenes, "_occlude", lambda *_: None)
    seen = 0
    for seed in range(20):
        scene = draw_training_scene(np.random.default_rng(seed))
        for plate in scene.plates:
            if extent(plate.corners)[0] < 60:
                continue
            seen += 1
            inner = cv2.warpPerspective(
                scene.image, cv2.getPerspectiveTransform(plate.corners, _FLAT), (96, 32), flags=cv2.INTER_AREA
            )
            share = np.mean(np.all(np.abs(inner[2:-2, 2:-2].astype(int) - (255, 0, 255)) < 30, axis=2))
            wider = rectify.strip(scene.image, Region(rectify.widen(plate.corners, around=0.15), 1.0))
            rim = np.all(np.abs(wider[[1, -2]].astype(int) - (255, 0, 255)) < 30, axis=2)
            assert share > 0.75  # a neighbour may cover a fifth
            assert rim.mean() < 0.3
    assert seen >= 8


def test_crops_move_the_corners_with_the_pixels() -> None:
    image = np.full((480, 640, 3), 40, dtype=np.uint8)
    corners = np.array([[[200, 200], [420, 230], [415, 300], [196, 268]]], dtype=np.float32)
    cv2.fillPoly(image, [corners[0].astype(np.int32)], (240, 240, 240))
    one, kinds, counts = np.ones(1, dtype=np.int64), np.zeros(1, dtype=np.int64), np.ones(1, dtype=bool)
    whole = 0
    for seed in range(30):
        crop, truth = cut_crop(image, corners, one, kinds, counts, (192, 256), np.random.default_rng(seed))
        assert crop.shape == (192, 256, 3)
        if not truth.counts.any() or extent(truth.corners[0])[0] < 30:
            continue
        whole += 1
        inside, outside = np.zeros((2, 192, 256), dtype=np.uint8)
        middle = truth.corners[0].mean(axis=0)
        cv2.fillPoly(inside, [(middle + (truth.corners[0] - middle) * 0.8).astype(np.int32)], 1)
        cv2.fillPoly(outside, [(middle + (truth.corners[0] - middle) * 1.5).astype(np.int32)], 1)
        cv2.fillPoly(outside, [(middle + (truth.corners[0] - middle) * 1.25).astype(np.int32)], 0)
        assert crop[inside > 0].mean() > crop[outside > 0].mean()
    assert whole > 15


def test_training_draws_nothing_that_is_kept_for_proofs() -> None:
    kept = {"scenes", "vehicles", "bodywork", "lanes", "people", "weather", "clips"}
    folder = Path(lpr.training.__file__).parent
    imported = {
        node.module
        for file in folder.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module
    }
    assert "lpr.drawing.plates" in imported
    assert not {f"lpr.drawing.{name}" for name in kept} & imported
