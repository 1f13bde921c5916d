"""Both languages are whole: a sentence that lacks one stops the build, and none is a copy or drops what it fills in."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import kiosk_ui
from tests.tools import setup

UI = Path(kiosk_ui.__file__).parent
_PAIR = re.compile(
    r"""^\s*([\w"'.:-]+): \[("(?:[^"\\]|\\.)*"|'[^']*'), ("(?:[^"\\]|\\.)*"|'[^']*')\],?$""", re.MULTILINE
)
_FILLED = re.compile(r"\{\w+\}")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def pairs() -> list[tuple[str, str, str, str]]:
    """Each sentence of each table: file, key, Chinese, English."""
    files = [
        p
        for p in sorted(UI.glob("*/**/*.ts*"))
        if not {"node_modules", "dist"} & set(p.parts) and ".gen." not in p.name
    ]
    return [(p.name, key, zh[1:-1], en[1:-1]) for p in files for key, zh, en in _PAIR.findall(p.read_text())]


@pytest.mark.req("A11Y-1")
def test_every_sentence_stands_in_chinese_and_in_english_with_the_same_blanks_to_fill() -> None:
    found = pairs()
    assert len(found) > 400
    wrong = [
        one
        for one in found
        if not one[2].strip()
        or not one[3].strip()
        or (_CHINESE.search(one[3]) and one[1] != "switch_language")
        or sorted(_FILLED.findall(one[2])) != sorted(_FILLED.findall(one[3]))
    ]
    assert wrong == []


@pytest.mark.req("A11Y-1")
@pytest.mark.parametrize(
    ("table", "use", "builds"),
    [
        ('{ paid: ["已付", "Paid"] }', 'say("paid")', True),
        ('{ paid: ["已付"] }', 'say("paid")', False),
        ('{ paid: ["已付", "Paid"] }', 'say("payd")', False),
    ],
)
def test_a_sentence_without_its_english_or_a_key_that_is_in_no_table_stops_the_build(
    built_pages: Path, tmp_path: Path, table: str, use: str, *, builds: bool
) -> None:
    """The build checks types before it packs; here is that check over a table of one sentence."""
    assert built_pages.is_dir()
    (tmp_path / "shared" / "i18n").mkdir(parents=True)
    shutil.copy(UI / "shared" / "i18n" / "index.ts", tmp_path / "shared" / "i18n")
    shutil.copy(UI / "tsconfig.json", tmp_path)
    (tmp_path / "shared" / "wire.ts").write_text("export type Names = { zh: string; en: string };\n")
    (tmp_path / "node_modules").symlink_to((UI / "node_modules").resolve())
    words = f'import {{ translator }} from "./i18n";\nconst say = translator({table});\nexport const told = {use};\n'
    (tmp_path / "shared" / "words.ts").write_text(words)
    compiler = str(UI / "node_modules" / "typescript" / "bin" / "tsc")
    checked = subprocess.run(
        ["node", compiler, "--noEmit"], cwd=tmp_path, capture_output=True, text=True, check=False, env=setup._node()
    )
    assert (checked.returncode == 0) is builds, checked.stdout


@pytest.mark.req("A11Y-1")
@pytest.mark.parametrize(
    ("sentences", "wrong"),
    [
        ({"Paid": "Bezahlt", "until {time}": "bis {time}"}, ""),
        ({"Paid": "Bezahlt"}, 'lacks "until {time}"'),
        ({"Paid": "Bezahlt", "until {time}": "bis"}, "other blanks"),
        ({"Paid": "Bezahlt", "until {time}": "bis {time}", "Payd": "?"}, 'nobody says "Payd"'),
    ],
)
def test_another_language_is_one_file_and_one_that_is_not_whole_stops_the_build(
    built_pages: Path, tmp_path: Path, sentences: dict[str, str], wrong: str
) -> None:
    assert built_pages.is_dir()
    languages = tmp_path / "shared" / "i18n" / "languages"
    languages.mkdir(parents=True)
    (tmp_path / "shared" / "words.ts").write_text(
        'const t = { a: ["已付", "Paid"], b: [\n"{time} 前", "until {time}"] };\n'
    )
    german = {"name": "Deutsch", "tag": "de-DE", "sentences": sentences}
    (languages / "de.json").write_text(json.dumps(german))
    checked = subprocess.run(
        ["node", str(UI / "words.mjs")], cwd=tmp_path, capture_output=True, text=True, check=False, env=setup._node()
    )
    assert (checked.returncode == 0) is (wrong == ""), checked.stderr
    assert wrong in checked.stderr
