"""How well real pictures are read. A subset with room to spare; the whole sets are measured by `make prove`."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from lpr import Pipeline, PlateColour, PlateKind, Settings, pictures
from lpr.drawing.layouts import PlateStyle
from lpr.drawing.numbers import random_number
from lpr.drawing.scenes import draw_scene
from lpr.drawing.vehicles import Vehicle
from lpr.evaluate import evaluate
from lpr.frame import Image
from lpr.labels import load
from tests.builders.lpr import MORNING, a_frame, real_pictures


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return Pipeline.default()


def every(step: int, folder: Path, target: Path) -> Path:
    """A folder with every so many pictures of another, each with all its labels."""
    (target / "img").mkdir(parents=True)
    labels = load(folder)
    kept = set(list(dict.fromkeys(label.file for label in labels))[::step])
    rows = ["file,plate,x,y,w,h"]
    for label in labels:
        if label.file in kept:
            shutil.copyfile(label.file, target / "img" / label.file.name)
            box = ",".join(str(value) for value in label.box or ("",) * 4)
            rows.append(f"img/{label.file.name},{label.plate.text},{box}")
    (target / "labels.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return target


@pytest.mark.req("LPR-1", "LPR-3")
def test_hard_crops_are_read(pipeline: Pipeline, tmp_path: Path) -> None:
    report = evaluate(every(6, real_pictures("ccpd_crops"), tmp_path / "crops"), pipeline).report()
    assert report["n"] == 81
    assert report["exact"] >= 0.92  # docs/model-card.md has the whole set's
    assert report["without_province"] >= 0.96
    assert report["accepted"] >= 0.8
    assert report["wrong_accepted"] <= 0.03


@pytest.mark.req("LPR-1", "LPR-3")
def test_whole_frames_are_read(pipeline: Pipeline) -> None:
    report = evaluate(real_pictures("ccpd_full"), pipeline).report()
    assert report["exact"] >= 0.9
    assert report["wrong_accepted"] == 0
    assert report["by_class"]["new_energy_small"]["exact"] == 1


@pytest.mark.req("LPR-1", "LPR-3")
def test_photographs_and_rare_kinds_are_read(pipeline: Pipeline, tmp_path: Path) -> None:
    photographs = evaluate(every(9, real_pictures("easypr_full"), tmp_path / "easypr"), pipeline).report()
    assert photographs["exact"] >= 0.8  # docs/model-card.md has the whole set's
    assert photographs["false_strings_per_100"] <= 10
    special = evaluate(real_pictures("special_cn"), pipeline).report()
    assert special["exact"] >= 0.85
    assert special["colour_right"] >= 0.85
    assert special["by_class"]["hong_kong"]["exact"] == 1


@pytest.mark.req("LPR-1")
def test_of_four_photographs_in_one_frame_the_small_plates_are_read_beside_the_large(pipeline: Pipeline) -> None:
    plates: dict[Path, list[str]] = {}
    for label in load(real_pictures("easypr_full")):
        plates.setdefault(label.file, []).append(label.plate.text)
    files = sorted(plates)
    walls = [files[n::29][:4] for n in range(29)]
    read = known = 0
    for wall in walls:
        tiles = [_fitted(pictures.load(file)) for file in wall]
        frame = np.vstack([np.hstack(tiles[:2]), np.hstack(tiles[2:])])
        found = {one.plate.text for one in pipeline.read(a_frame(frame))}
        wanted = [text for file in wall for text in plates[file]]
        read, known = read + sum(text in found for text in wanted), known + len(wanted)
    assert read / known >= 0.82, f"{read} of {known}"


def _fitted(picture: Image) -> Image:
    """A picture as a quarter of a 1080p frame, its proportions kept."""
    height, width = picture.shape[:2]
    by = min(960 / width, 540 / height)
    small = cv2.resize(picture, (int(width * by), int(height * by)), interpolation=cv2.INTER_AREA)
    tile = np.full((540, 960, 3), 90, np.uint8)
    tile[: small.shape[0], : small.shape[1]] = small
    return tile


GROUNDS = {
    PlateStyle.BLUE: (PlateKind.CIVIL, PlateColour.BLUE),
    PlateStyle.YELLOW: (PlateKind.CIVIL, PlateColour.YELLOW),
    PlateStyle.YELLOW_DOUBLE: (PlateKind.CIVIL, PlateColour.YELLOW),
    PlateStyle.GREEN_SMALL: (PlateKind.NEW_ENERGY_SMALL, PlateColour.GREEN),
    PlateStyle.GREEN_LARGE: (PlateKind.NEW_ENERGY_LARGE, PlateColour.GREEN),
    PlateStyle.POLICE: (PlateKind.POLICE, PlateColour.WHITE),
    PlateStyle.LEARNER: (PlateKind.LEARNER, PlateColour.YELLOW),
    PlateStyle.TRAILER: (PlateKind.TRAILER, PlateColour.YELLOW),
    PlateStyle.CONSULATE: (PlateKind.CONSULATE, PlateColour.BLACK),
    PlateStyle.EMBASSY: (PlateKind.EMBASSY, PlateColour.BLACK),
}


@pytest.mark.req("LPR-1")
@pytest.mark.parametrize("style", GROUNDS, ids=str)
def test_every_class_at_the_gate_is_read_with_its_kind_and_colour(style: PlateStyle, pipeline: Pipeline) -> None:
    read = 0
    for seed in range(3):
        rng = np.random.default_rng([seed, 7])
        number = random_number(style, rng)
        scene = draw_scene(Vehicle.of(number, rng, style=style), rng, approach=0.95, moving=0.0)
        for found in pipeline.read(a_frame(scene.image, at=MORNING)):
            if found.plate.text == number:
                assert (found.kind, found.colour) == GROUNDS[style]
                assert np.linalg.norm(found.corners.mean(axis=0) - scene.corners.mean(axis=0)) < 30
                read += 1
    assert read >= 2


@pytest.mark.req("LPR-1")
def test_another_country_is_another_grammar() -> None:
    european = Pipeline.default(Settings(grammar="europe"))
    labels = load(real_pictures("openalpr_eu"))[:8]
    hits = sum(
        label.plate in {candidate.plate for read in reads for candidate in read.candidates}
        for label in labels
        if (reads := european.read(a_frame(pictures.load(label.file))))
    )
    assert hits >= 5
