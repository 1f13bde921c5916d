"""A file of settings says what differs from the defaults; an option wins over it; what is wrong is named with file and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from lpr.settings import Settings
from lpr.settings_file import settings_of
from parking.kernel.errors import ParkingError


def test_without_a_file_or_options_the_defaults_hold() -> None:
    assert settings_of(None, grammar=None) == Settings()


def test_an_option_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("detect_side_px: 480\ngrammar: latin\n", encoding="utf-8")
    settings = settings_of(tmp_path / "s.yaml", grammar="china", detector=None)
    assert (settings.detect_side_px, settings.grammar) == (480, "china")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("speed: 9", "speed: is not a setting; known: "),
        ("detect_side_px: wide", "detect_side_px: should be a whole number"),
        ("detect_side_px: 1", "detect_side_px: should be 64 to"),
        ("- one\n- two", "should hold keys and values"),
        ("1: 2", "should hold keys and values"),
        ("", "should hold keys and values"),
        ("a: [", "is not YAML"),
        (None, "cannot be read"),
    ],
)
def test_a_wrong_file_is_named_with_its_key(tmp_path: Path, content: str | None, complaint: str) -> None:
    file = tmp_path / "s.yaml"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(ParkingError) as raised:
        settings_of(file)
    assert f"{file}: {complaint}" in str(raised.value)
