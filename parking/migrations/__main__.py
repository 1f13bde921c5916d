"""`python -m parking.migrations run|generate`: the developer's side; operators use `parking migrate`."""

from __future__ import annotations

import argparse
import sys

from parking import migrations


def main() -> int:
    """Exit code 0 when done."""
    parser = argparse.ArgumentParser(prog="python -m parking.migrations")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="bring a database up to a revision")
    run.add_argument("url")
    run.add_argument("--target", default="head")
    generate = commands.add_parser("generate", help="write the next revision from the tables in code")
    generate.add_argument("url", help="a database at the newest revision, or an empty one")
    generate.add_argument("number", help="0001, 0002, ...")
    generate.add_argument("message")
    given = parser.parse_args()
    if given.command == "run":
        migrations.run(given.url, given.target)
    else:
        migrations.run(given.url)
        sys.stdout.write(f"{migrations.generate(given.url, given.message, number=given.number)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
