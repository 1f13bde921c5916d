"""The pages' modules import each other without circles: each can be read, and moved, after what it stands on."""

from __future__ import annotations

import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import kiosk_ui

UI = Path(kiosk_ui.__file__).parent
_FROM = re.compile(r"^(?:import|export)\b[^;]*?from \"(\.[^\"]*)\";", re.MULTILINE)


def graph(sources: dict[Path, str]) -> dict[Path, set[Path]]:
    """What each module imports of ours, types included."""
    found: dict[Path, set[Path]] = {}
    for path, text in sources.items():
        bare = [(path.parent / name).resolve() for name in _FROM.findall(text)]
        asked = [at / rest for at in bare for rest in ("", "index.ts")] + [
            at.with_name(at.name + ending) for at in bare for ending in (".ts", ".tsx")
        ]
        found[path] = {one for one in asked if one in sources}
    return found


def circle(sources: dict[Path, str]) -> list[str]:
    try:
        TopologicalSorter(graph(sources)).prepare()
    except CycleError as error:
        return [path.name for path in error.args[1]]
    return []


def test_no_module_of_a_page_imports_itself_by_way_of_others() -> None:
    files = [
        p for p in UI.rglob("*.ts*") if not {"node_modules", "dist"} & set(p.relative_to(UI).parts) and p.is_file()
    ]
    sources = {path.resolve(): path.read_text() for path in files}
    assert sum(map(len, graph(sources).values())) > 300
    assert circle(sources) == []


@pytest.mark.parametrize(("second", "found"), [('import { a } from "./a";', True), ("", False)])
def test_a_circle_would_be_found(tmp_path: Path, second: str, *, found: bool) -> None:
    sources = {tmp_path / "a.ts": 'import {\n b,\n} from "./b";', tmp_path / "b.tsx": second}
    assert bool(circle(sources)) is found
