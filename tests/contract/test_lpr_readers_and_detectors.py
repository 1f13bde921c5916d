"""One suite for what finds plates and one for what reads them, on real pictures; the models themselves are checked here too."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

from lpr import Settings, paddle_models, pictures, weights
from lpr.detectors.base import Detector
from lpr.detectors.memory import MemoryDetector
from lpr.detectors.registry import DETECTORS
from lpr.engine import Engine
from lpr.frame import extent
from lpr.fusion import Evidence, fuse
from lpr.grammars.china import PROVINCES, china
from lpr.labels import load as load_labels
from lpr.model import Ground, Region
from lpr.readers.base import Reader
from lpr.readers.memory import MemoryReader
from lpr.readers.registry import READERS
from parking.kernel.errors import ParkingError
from tests.builders.lpr import a_box, a_picture, real_pictures

pytestmark = pytest.mark.req("LPR-1")
GRAMMAR = china()
REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def pp_ocr_reader() -> Reader:
    return READERS.get("pp_ocr")(GRAMMAR.signs)


@pytest.fixture(scope="module")
def pp_ocr_detector() -> Detector:
    return DETECTORS.get("pp_ocr")(Settings(detect_side_px=640))


def memory_reader() -> Reader:
    return MemoryReader(GRAMMAR.signs, lambda _strip: ("皖AFL605", 0.9))


@pytest.fixture(params=["pp_ocr", "memory"])
def reader(request: pytest.FixtureRequest) -> Reader:
    if request.param == "memory":
        return memory_reader()
    found: Reader = request.getfixturevalue("pp_ocr_reader")
    return found


@pytest.mark.parametrize("size", [(94, 24), (440, 140), (8, 8), (2000, 40), (3, 300)])
def test_a_reader_answers_every_strip_with_probabilities_over_its_signs(reader: Reader, size: tuple[int, int]) -> None:
    width, height = size
    strips = [a_picture(n, width=width, height=height) for n in range(2)]
    sights = reader.read(strips)
    assert len(sights) == 2
    for matrix in [matrix for sight in sights for matrix in (sight.steps, sight.slots) if matrix is not None]:
        assert set(PROVINCES + "0123456789") <= set(matrix.signs)
        assert (matrix.probabilities >= 0).all()
        assert (matrix.probabilities.sum(axis=1) <= 1.0001).all()


def test_a_reader_says_the_same_of_the_same_strip(reader: Reader) -> None:
    strip = a_picture(3, width=188, height=48)
    first, second = reader.read([strip, strip])
    assert np.array_equal(first.steps.probabilities, second.steps.probabilities)


def test_no_strips_no_matrices(reader: Reader) -> None:
    assert reader.read([]) == ()


def test_pp_ocr_reads_real_plates(pp_ocr_reader: Reader) -> None:
    labels = load_labels(real_pictures("ccpd_crops"))[:8]
    texts = [
        fuse(GRAMMAR, [Evidence(pp_ocr_reader.read([pictures.load(label.file)])[0], 1.0)], Ground(), 1)[0].plate
        for label in labels
    ]
    assert sum(text == label.plate for text, label in zip(texts, labels, strict=True)) >= 7


@pytest.fixture(scope="module")
def corner_net_detector() -> Detector:
    return DETECTORS.get("corner_net")(Settings())


@pytest.fixture(params=["corner_net", "pp_ocr", "whole", "memory"])
def detector(request: pytest.FixtureRequest) -> Detector:
    builders: dict[str, Callable[[], Detector]] = {
        "corner_net": lambda: request.getfixturevalue("corner_net_detector"),
        "pp_ocr": lambda: request.getfixturevalue("pp_ocr_detector"),
        "whole": lambda: DETECTORS.get("whole")(Settings()),
        "memory": lambda: MemoryDetector(lambda _image: [Region(a_box(0, 0), 0.5), Region(a_box(), 0.9)]),
    }
    return builders[request.param]()


@pytest.mark.parametrize("size", [(320, 180), (1920, 1080), (33, 500), (1, 1)])
def test_a_detector_gives_sound_regions_likeliest_first(detector: Detector, size: tuple[int, int]) -> None:
    regions = detector.find(a_picture(1, width=size[0], height=size[1]))
    scores = [region.score for region in regions]
    assert scores == sorted(scores, reverse=True)
    for region in regions:
        assert region.corners.shape == (4, 2)
        assert np.isfinite(region.corners).all()
        assert 0 <= region.score <= 1
        assert region.rows in (1, 2)


def test_pp_ocr_finds_real_plates_where_they_are(pp_ocr_detector: Detector) -> None:
    labels = [label for label in load_labels(real_pictures("ccpd_full")) if label.box is not None][:4]
    for label in labels:
        assert label.box is not None
        x, y, width, height = label.box
        centres = [r.corners.mean(axis=0) for r in pp_ocr_detector.find(pictures.load(label.file))]
        assert any(x < cx < x + width and y < cy < y + height for cx, cy in centres)


def test_corner_net_finds_real_plates_and_their_corners(corner_net_detector: Detector) -> None:
    labels = [label for label in load_labels(real_pictures("ccpd_full")) if label.box is not None]
    found = 0
    for label in labels:
        assert label.box is not None
        x, y, width, height = label.box
        best = corner_net_detector.find(pictures.load(label.file))[0]
        apart = np.abs(
            np.concatenate((best.corners.min(axis=0), best.corners.max(axis=0))) - (x, y, x + width, y + height)
        )
        found += bool(apart.max() < 0.15 * width)
    assert found >= 0.9 * len(labels)


def test_the_whole_picture_is_one_region_and_a_square_one_has_two_rows() -> None:
    detector = DETECTORS.get("whole")(Settings())
    (long,), (square,) = detector.find(a_picture(width=94, height=24)), detector.find(a_picture(width=94, height=47))
    assert (long.rows, square.rows) == (1, 2)
    assert extent(long.corners) == (94, 24)


def test_models_are_what_they_should_be_and_run_on_one_thread() -> None:
    for model in (weights.PP_OCR_V6_DETECTOR, weights.PP_OCR_V6_READER):
        assert weights.locate(model).is_file()


def test_a_missing_package_a_missing_file_and_an_altered_one_say_how_to_mend_it() -> None:
    real = weights.PP_OCR_V6_READER
    for model, complaint in (
        (weights.ModelFile("no-such-package", real.path, real.sha256), "no-such-package is not installed; install"),
        (weights.ModelFile(real.distribution, "rapidocr/models/none.onnx", real.sha256), "has no file"),
        (weights.ModelFile(real.distribution, real.path, "0" * 64), "has SHA-256 6f327246"),
    ):
        with pytest.raises(ParkingError, match=complaint):
            weights.locate(model)


def test_reading_plates_imports_neither_rapidocr_nor_paddleocr() -> None:
    program = "import sys, lpr; lpr.Pipeline.default(); print({'rapidocr', 'paddleocr', 'paddle'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=REPOSITORY)
    assert ran.stdout.strip() == "set()"


def test_paddleocr_is_asked_for_only_when_it_is_wanted() -> None:
    for registry_entry in (lambda: READERS.get("paddle")(GRAMMAR.signs), lambda: DETECTORS.get("paddle")(Settings())):
        try:
            metadata.distribution("paddleocr")
        except metadata.PackageNotFoundError:
            with pytest.raises(ParkingError, match=r"install the extra \[paddle\]"):
                registry_entry()


def test_the_folders_for_paddleocr_pair_the_same_weights_with_our_own_description(tmp_path: Path) -> None:
    reader = paddle_models.make_reader_folder(tmp_path / "reader")
    detector = paddle_models.make_detector_folder(tmp_path / "detector", 640)
    for folder in (reader, detector):
        assert Engine(folder / "inference.onnx")
    described = (reader / "inference.yml").read_text(encoding="utf-8")
    assert "PP-OCRv6_small_rec" in described
    assert "- 皖" in described
    assert "resize_long: 640" in (detector / "inference.yml").read_text(encoding="utf-8")


def test_unknown_names_list_the_known_ones() -> None:
    with pytest.raises(ParkingError, match="known: paddle, plate_net, pp_ocr"):
        READERS.get("eyes")
    with pytest.raises(ParkingError, match=r"known: .*paddle, pp_ocr, whole"):
        DETECTORS.get("eyes")
