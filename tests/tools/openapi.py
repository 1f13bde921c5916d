"""Writes kiosk_ui/openapi.json, the API's own description, from which the pages' types are generated.

`python -m tests.tools.openapi` writes it; `--check` exits 1 when the committed file is not what the server says.
"""

from __future__ import annotations

import json
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

from parking.bootstrap.keys import create_key
from parking.bootstrap.server import create_app
from parking.bootstrap.settings import Settings

HERE = Path(__file__).resolve().parents[2]
FILE = HERE / "kiosk_ui" / "openapi.json"


def described() -> str:
    """The OpenAPI 3.1 document of this version, as it is committed."""
    demo = files("hardware_sim") / "sites" / "demo"
    with tempfile.TemporaryDirectory() as folder:
        create_key(Path(folder) / "server.pem")
        settings = Settings(
            site_file=Path(str(demo / "site-memory.yaml")),
            tariff_file=Path(str(demo / "tariff.yaml")),
            database_url="sqlite://",
            keys_dir=Path(folder),
        )
        document = create_app(settings).openapi()
    return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main(arguments: list[str]) -> int:
    if "--check" in arguments:
        return 0 if FILE.exists() and FILE.read_text(encoding="utf-8") == described() else 1
    FILE.write_text(described(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
