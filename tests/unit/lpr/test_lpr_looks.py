"""Doubt is met by looking again: other cuts of the place, then another reader, then another detector; certainty costs one look."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from lpr import Pipeline, PlateColour, PlateKind, Settings
from lpr.calibration import CURVES, Evidenced, confidence
from lpr.detectors.base import Detector
from lpr.detectors.memory import MemoryDetector
from lpr.frame import Image
from lpr.grammars.china import china
from lpr.model import Region
from lpr.readers.base import Sight
from lpr.readers.registry import readers_of
from lpr.sign_matrix import SignMatrix, SlotMatrix
from parking.kernel.errors import ParkingError
from tests.builders.lpr import a_box, a_frame, a_read

pytestmark = pytest.mark.req("LPR-1")
CHINA = china()


class OwnReader:
    """Gives steps, places and colours, and counts what it is shown."""

    def __init__(self, text_of: Callable[[Image], tuple[str, float]], colour: PlateColour | None = None) -> None:
        self._text_of = text_of
        self._colour = colour
        self.strips: list[Image] = []

    def read(self, strips: Sequence[Image]) -> tuple[Sight, ...]:
        self.strips += strips
        return tuple(self._sight(*self._text_of(strip)) for strip in strips)

    def _sight(self, text: str, score: float) -> Sight:
        return Sight(
            SignMatrix.of_text(text, score, CHINA.signs),
            SlotMatrix.of_text(text, score, CHINA.signs, places=9),
            {self._colour: 0.99} if self._colour else None,
        )


def saying(text: str, score: float = 0.99, colour: PlateColour | None = None) -> OwnReader:
    return OwnReader(lambda _strip: (text, score), colour)


def pipeline(
    first: OwnReader,
    second: OwnReader | None = None,
    *,
    regions: Sequence[Region] = (Region(a_box(), 0.9),),
    settings: Settings | None = None,
    fallback: Callable[[], Detector] | None = None,
) -> Pipeline:
    detector = MemoryDetector(lambda _image: regions)
    return Pipeline(detector, first, CHINA, settings or Settings(), second_reader=second, fallback=fallback)


def test_the_second_reader_is_asked_where_the_first_doubts_and_only_there() -> None:
    for score, asked in ((0.99, 0), (0.3, 1)):
        second = saying("粤B12345")
        (read,) = pipeline(saying("粤B12345", score), second).read(a_frame())
        assert read.plate.text == "粤B12345"
        assert len(second.strips) == asked


def test_two_readers_outvote_a_doubt_of_either() -> None:
    (read,) = pipeline(saying("粤B1Z345", 0.3), saying("粤B12345", 0.98)).read(a_frame())
    assert read.plate.text == "粤B12345"
    assert "粤B1Z345" in {candidate.plate.text for candidate in read.candidates}


def test_what_the_first_reader_finds_hopeless_is_not_shown_to_the_second() -> None:
    second = saying("粤B12345", 0.98)
    assert pipeline(saying("粤B1Z345", 0.1), second).read(a_frame()) == ()
    assert second.strips == []


def test_a_plate_nearly_square_is_tried_with_one_row_and_with_two() -> None:
    square = Region(a_box(width=88, height=44), 0.9, rows=1)

    def wide_only(strip: Image) -> tuple[str, float]:
        return ("鲁F67235", 0.99) if strip.shape[1] > 2.5 * strip.shape[0] else ("F67235", 0.5)

    (read,) = pipeline(OwnReader(wide_only), regions=[square]).read(a_frame())
    assert read.plate.text == "鲁F67235"


def test_the_ground_is_what_detector_reader_and_pixels_agree_on() -> None:
    green = Region(a_box(), 0.9, colour=PlateColour.GREEN)
    (read,) = pipeline(saying("京AD12345", 0.97, PlateColour.GREEN), regions=[green]).read(a_frame())
    assert (read.kind, read.colour) == (PlateKind.NEW_ENERGY_SMALL, PlateColour.GREEN)


def test_the_fallback_looks_where_nothing_could_be_read_and_is_built_only_then() -> None:
    built = []

    def fallback() -> Detector:
        built.append(True)
        return MemoryDetector(lambda _image: [Region(a_box(10, 10), 0.4)])

    clear = pipeline(saying("粤B12345"), fallback=fallback)
    clear.read(a_frame())
    assert built == []
    blind = pipeline(saying("粤B12345"), regions=[], fallback=fallback)
    for _ in range(2):
        (read,) = blind.read(a_frame())
    assert read.plate.text == "粤B12345"
    assert built == [True]


def test_a_site_may_expect_its_own_province_and_does_not_by_default() -> None:
    def torn(_strip: Image) -> tuple[str, float]:
        return "苏B12345", 0.12

    (plain,) = pipeline(OwnReader(torn), settings=Settings(least_log_probability=-99, least_confidence=0.0)).read(
        a_frame()
    )
    here = Settings(least_log_probability=-99, least_confidence=0.0, province_prior=(("皖", 9.0),))
    (at_home,) = pipeline(OwnReader(torn), settings=here).read(a_frame())
    assert plain.plate.text == "苏B12345"
    assert at_home.plate.text == "皖B12345"


def test_a_weak_reading_is_not_reported_unless_it_is_asked_for() -> None:
    unclear = saying("粤B12345", 0.2)
    assert pipeline(unclear, settings=Settings(least_log_probability=-3)).read(a_frame()) == ()
    assert pipeline(unclear, settings=Settings(least_log_probability=-99, least_confidence=0.999)).read(a_frame()) == ()
    assert (
        len(pipeline(unclear, settings=Settings(least_log_probability=-99, least_confidence=0.0)).read(a_frame())) == 1
    )


@pytest.mark.parametrize("evidenced", Evidenced)
def test_confidence_rises_with_the_margin_and_with_the_likelihood(evidenced: Evidenced) -> None:
    def of(best: float, second: float) -> float:
        return confidence(a_read(("粤B12345", best), ("粤B1Z345", second)).candidates, evidenced)

    assert 0 <= of(-30, -30.1) < of(-1, -1.5) < of(-1, -4) < of(-0.1, -6) <= 1
    assert confidence((), evidenced) == 0
    assert CURVES[evidenced].confidence(1e9, 0.0) <= 1


def test_a_wrong_name_of_a_reader_is_named() -> None:
    with pytest.raises(ParkingError, match="no reader called 'eyes'"):
        readers_of("eyes", CHINA.signs)
    with pytest.raises(ParkingError, match="reader: should name one reader, or two"):
        readers_of("pp_ocr+pp_ocr+pp_ocr", CHINA.signs)
