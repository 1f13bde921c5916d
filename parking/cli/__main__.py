"""`parking COMMAND`: one table of commands; a command's module is imported when it is called, and not before.

Exit codes: 0 done, 1 the answer is no, 2 the call is wrong, with one line on stderr that says what and how to mend it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module, metadata

import typer
from typer.exceptions import TyperException

from parking.kernel.errors import ParkingError

# name -> what it is for. The module parking/cli/<name>.py (_ for -) holds a function of that name (typer reads its signature; an
# integer it returns is the exit code) or, for a command with commands of its own, a typer.Typer called `app`.
COMMANDS: Mapping[str, str] = {
    "bring-up": "one real relay board, camera, reader or sign by hand, for the technician at the cabinet",
    "config": "config show: the settings in force, secrets masked",
    "demo": "a whole simulated mall on this machine (--once: one car in and out)",
    "doctor": "what is missing or wrong on this machine, and how to mend it",
    "edge": "one gate box",
    "figures": "figures rebuild: the sums behind the charts counted again from the books",
    "enrol": "make keys, operators, gate boxes and kiosks known",
    "migrate": "bring the database to the newest shape, or to a named one",
    "quote": "the price of a stay, line by line, from a tariff file",
    "serve": "the server",
    "tariff": "tariff check, explain, compare, apds: what a tariff file says, and what another would change",
    "site": "site check, export, import: a site file, and IMDF archives",
    "simulate": "a seeded stretch of traffic against the real domain code, and a verdict on every visit",
}
WRONG_CALL = 2
_STORES = {
    "sqlalchemy": "the database",
    "sqlite3": "the database",
    "psycopg": "the database",
    "redis": "PARKING_BUS_URL",
}
"""Whose errors say that a store is away or broken; known by name, as a gate box has not all of them."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code comes back."""
    name, *rest = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if name in ("-h", "--help"):
        typer.echo(overview())
        return 0
    if name == "--version":
        typer.echo(metadata.version("mall-parking"))
        return 0
    if name not in COMMANDS:
        return _wrong("parking", f"there is no command {name!r}; there are {', '.join(sorted(COMMANDS))}")
    try:
        return _run(name, rest)
    except ParkingError as error:
        return _wrong(f"parking {name}", str(error))
    except TyperException as error:
        return _wrong(f"parking {name}", f"{error.format_message()} (see parking {name} --help)")
    except ModuleNotFoundError as error:
        if not _is_an_extra(error.name):
            raise
        return _wrong(f"parking {name}", f"{error.name} is not installed here; install mall-parking[server]")
    except OSError as error:
        return _wrong(f"parking {name}", str(error))
    except KeyboardInterrupt:
        return 130  # as shells say it
    except Exception as error:
        store = _STORES.get(type(error).__module__.partition(".")[0])
        if store is None:
            raise
        first_line = str(getattr(error, "orig", None) or error).partition("\n")[0]  # what follows may tell values
        return _wrong(f"parking {name}", f"{store}: {first_line}; more is told by: parking doctor")


def overview() -> str:
    """The commands, one a line."""
    lines = [f"  {name:<10} {purpose}" for name, purpose in sorted(COMMANDS.items())]
    return "\n".join(["usage: parking COMMAND ...  (parking COMMAND --help tells more)", "", *lines])


def _run(name: str, rest: Sequence[str]) -> int:
    module = import_module(f"parking.cli.{name.replace('-', '_')}")
    app: typer.Typer | None = getattr(module, "app", None)
    if app is None:
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(name)(getattr(module, name.replace("-", "_")))
    command = typer.main.get_command(app)
    result = command.main(args=list(rest), prog_name=f"parking {name}", standalone_mode=False)
    return result if type(result) is int else 0


def _is_an_extra(module: str | None) -> bool:
    return module is not None and module.partition(".")[0] not in {
        "parking",
        "lpr",
        "guidance",
        "payments",
        "hardware_sim",
    }


def _wrong(who: str, what: str) -> int:
    print(f"{who}: {' '.join(what.split())}", file=sys.stderr)
    return WRONG_CALL


if __name__ == "__main__":
    raise SystemExit(main())
