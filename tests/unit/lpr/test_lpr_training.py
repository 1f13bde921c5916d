"""What a net is trained on: drawn plates, degraded afresh; the same seed gives the same picture, and nothing ever fails."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from lpr import weights
from lpr.drawing.layouts import PlateStyle
from lpr.model import PlateColour
from lpr.training import banks as banks_of
from lpr.training import command, degrade, plates, views
from lpr.training.banks import Banks
from lpr.training.degrade import Chance, Picture
from lpr.training.options import TrainingOptions
from lpr.training.stock import Sampler, places_of
from parking.kernel.errors import ErrorKind, ParkingError


@pytest.fixture(scope="module")
def banks() -> Banks:
    return banks_of.make_banks(5)


@pytest.fixture(scope="module")
def some_plates() -> list[plates.DrawnPlate]:
    rng = np.random.default_rng(5)
    return [plates.draw_any(rng) for _ in range(60)]


def a_view(seed: int = 1) -> Picture:
    return np.random.default_rng(seed).integers(0, 256, (degrade.WORK_HEIGHT, degrade.WORK_WIDTH, 3)).astype(np.uint8)


def test_the_same_seed_gives_the_same_samples() -> None:
    one, other, third = Sampler(7), Sampler(7), Sampler(8)
    ours, theirs, strange = ([each.next() for _ in range(20)] for each in (one, other, third))
    for (picture, places, colour), (again, same_places, same_colour) in zip(ours, theirs, strict=True):
        assert np.array_equal(picture, again)
        assert np.array_equal(places, same_places)
        assert colour == same_colour
    assert any(not np.array_equal(a[0], b[0]) for a, b in zip(ours, strange, strict=True))


def test_two_thousand_seeds_of_any_difficulty_give_a_picture_of_the_readers_size(
    banks: Banks, some_plates: list[plates.DrawnPlate]
) -> None:
    for seed in range(2_000):
        rng = np.random.default_rng(seed)
        plate = some_plates[seed % len(some_plates)]
        chance = Chance(rng, float(rng.random()) if seed % 3 else 1.0, banks)
        sample = degrade.degrade(views.view_of(plate.picture, plate.rows, chance), chance)
        assert sample.shape == (degrade.HEIGHT, degrade.WIDTH, 3)
        assert sample.dtype == np.uint8


def test_from_the_side_a_bent_plate_shows_either_end_narrower_and_never_more_than_it_has(banks: Banks) -> None:
    ends = np.zeros((63, 198, 3), np.uint8)
    ends[:, :33, 2], ends[:, 33:-33, 1], ends[:, -33:, 0] = 255, 255, 255  # a sixth each; green between
    shares = []
    for seed in range(400):
        rng = np.random.default_rng(seed)
        view = views.view_of(ends, 1, Chance(rng, 1.0, banks)).reshape(-1, 3).astype(int)
        left, right = ((view[:, c] > 200) & (view.sum(axis=1) < 320) for c in (2, 0))
        shares.append((1 + left.sum()) / (1 + right.sum()))
    assert min(shares) < 0.6
    assert max(shares) > 1 / 0.6
    assert 0.9 < float(np.median(shares)) < 1.1


@pytest.mark.parametrize("step", [*degrade.LIGHT, degrade.expose, degrade.blur, degrade.noise, degrade.jpeg])
def test_each_fault_keeps_shape_and_type_and_leaves_its_input_alone(step: degrade.Step, banks: Banks) -> None:
    changed = 0
    for seed in range(60):
        view = a_view(seed)
        before = view.copy()
        after = step(view, Chance(np.random.default_rng(seed), 1.0, banks))
        assert after.shape == view.shape
        assert after.dtype == np.uint8
        assert np.array_equal(view, before)
        changed += not np.array_equal(after, before)
    assert changed


def test_an_easy_sample_is_nearly_the_clean_plate_and_a_hard_one_is_not(
    banks: Banks, some_plates: list[plates.DrawnPlate]
) -> None:
    plate = next(each for each in some_plates if each.rows == 1)

    def contrast(difficulty: float) -> float:
        deviations = []
        for seed in range(80):
            chance = Chance(np.random.default_rng(seed), difficulty, banks)
            deviations.append(float(degrade.degrade(views.view_of(plate.picture, 1, chance), chance).std()))
        return float(np.mean(deviations))

    assert contrast(0.0) > 1.1 * contrast(1.0)


def test_every_look_has_numbers_of_signs_that_the_reader_knows_and_a_ground_that_it_names() -> None:
    rng = np.random.default_rng(3)
    for style in PlateStyle:
        for _ in range(30):
            number = plates.number_of(style, rng)
            assert set(number) <= set(plates.SIGNS)
            assert len(number) <= plates.SLOTS
        assert plates.colour_of(style) in plates.COLOURS
    assert plates.colour_of(PlateStyle.GREEN_LARGE) is PlateColour.GREEN
    assert plates.colour_of(PlateStyle.EMBASSY) is PlateColour.BLACK


def test_the_reader_learns_every_sign_once_and_every_sign_comes_about() -> None:
    assert len(set(plates.SIGNS)) == len(plates.SIGNS)
    rng = np.random.default_rng(4)
    seen = {sign for _ in range(3_000) for sign in plates.draw_number(rng)[1]}
    assert seen == set(plates.SIGNS)


def test_places_are_counted_from_one_and_zero_stands_behind_the_last_sign() -> None:
    places = places_of("皖A12345")
    assert [plates.SIGNS[place - 1] for place in places[:7]] == list("皖A12345")
    assert places[7:].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"minutes": 0.0}, "--minutes"),
        ({"minutes": float("nan")}, "--minutes"),
        ({"seed": -1}, "--seed"),
        ({"resume": True, "from_released": True}, "--resume"),
        ({"check": Path("/nowhere")}, "--check"),
    ],
)
def test_a_wrong_call_names_the_option(change: dict[str, object], field: str, tmp_path: Path) -> None:
    call: dict[str, object] = {"minutes": 1.0, "seed": 1, "out": tmp_path, **change}
    with pytest.raises(ParkingError) as caught:
        TrainingOptions(**call)  # type: ignore[arg-type]
    assert caught.value.field == field


def test_training_an_unknown_net_names_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(ParkingError, match="reader, detector"):
        command.run("writer", minutes=1, seed=1, out=tmp_path)


def test_without_torch_the_command_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ParkingError, match=r"pip install mall-parking\[train\]") as caught:
        command.run("reader", minutes=1, seed=1, out=tmp_path / "out")
    assert caught.value.kind is ErrorKind.UNAVAILABLE
    assert not (tmp_path / "out").exists()


def test_our_own_models_are_the_listed_bytes_and_an_altered_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = json.loads((weights.MODELS / "models.json").read_text(encoding="utf-8"))["models"]
    for entry in listed:
        assert weights.own(entry["name"]).stat().st_size == entry["bytes"]
    altered = [{**entry, "sha256": "0" * 64, "file": str(weights.MODELS / entry["file"])} for entry in listed]
    (tmp_path / "models.json").write_text(json.dumps({"models": altered}), encoding="utf-8")
    monkeypatch.setattr(weights, "MODELS", tmp_path)
    with pytest.raises(ParkingError, match="has SHA-256"):
        weights.own(listed[0]["name"])
    with pytest.raises(ParkingError, match="knows no model 'none'"):
        weights.own("none")
    (tmp_path / "models.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ParkingError, match="missing or broken"):
        weights.own(listed[0]["name"])
