"""The command `lpr`: plates from pictures, streams and labelled folders. Exit 0 done, 1 the answer is no, 2 the call is wrong."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from lpr import pictures
from lpr.evaluate import Evaluation, evaluate
from lpr.frame import Frame
from lpr.model import PassageReading, PlateRead
from lpr.pipeline import Pipeline
from lpr.settings import Settings
from lpr.sources.registry import source_of
from lpr.worker import Worker
from parking.kernel.clock import SystemClock
from parking.kernel.device import Health
from parking.kernel.errors import ErrorKind, ParkingError

app = typer.Typer(name="lpr", help="Read number plates.", add_completion=False, pretty_exceptions_enable=False)

_LONGEST_PASSAGE = 20  # frames; then the next reading stands on its own
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
Grammar = Annotated[str, typer.Option(help="Whose plates: china or latin.")]
Detector = Annotated[str, typer.Option(help="pp_ocr finds plates; whole: each picture is one plate.")]
Side = Annotated[int, typer.Option(help="Longer side of the picture for the detector, in pixels.")]


@app.command()
def read(
    images: Annotated[list[Path], typer.Argument(help="Pictures (JPEG, PNG, BMP, WebP, TIFF).")],
    as_json: AsJson = False,
    grammar: Grammar = "china",
    detector: Detector = "pp_ocr",
    side: Side = 960,
) -> None:
    """Print the plates in each picture, best first. Exit 1 when a picture has none.

    --json prints one object per picture and line: file, and plates, a list of plate, kind, colour, confidence (0-1), margin
    (natural log), corners (4 x [x, y] pixels, clockwise from the top left).
    """
    loaded = [(path, pictures.load(path)) for path in images]
    pipeline = Pipeline.default(Settings(grammar=grammar, detector=detector, detect_side_px=side))
    empty = False
    for number, (path, image) in enumerate(loaded):
        reads = pipeline.read(Frame(image, str(path), datetime.now(UTC), number))
        empty = empty or not reads
        if as_json:
            typer.echo(json.dumps({"file": str(path), "plates": [_plain(r) for r in reads]}, ensure_ascii=False))
        else:
            typer.echo(f"{path}: {'; '.join(_line(r) for r in reads) or 'no plate'}")
    if empty:
        raise typer.Exit(1)


@app.command()
def watch(
    url: Annotated[str, typer.Argument(help="rtsp://..., http://... (MJPEG), a video file or a folder of pictures.")],
    seconds: Annotated[float, typer.Option(min=0.1, help="Stop after this long.")] = float("inf"),
    as_json: AsJson = False,
    grammar: Grammar = "china",
    side: Side = 640,
) -> None:
    """Print every better reading of whatever stands before a camera. Exit 1 when nothing was read.

    --json prints one object per reading and line: plate, kind, colour, confidence, margin, agreeing and frames (numbers of frames).
    """
    clock = SystemClock()
    worker = Worker(
        source_of(url, "camera", clock),
        Pipeline.default(Settings(grammar=grammar, detect_side_px=side, settled_margin=float("inf"))),
        clock,
    )
    shown: list[PassageReading] = []
    agreeing = 0

    def show(reading: PassageReading) -> None:
        nonlocal agreeing
        if reading.plate is not None and reading.plate not in [earlier.plate for earlier in shown[-1:]]:
            shown.append(reading)
            typer.echo(json.dumps(_plain_reading(reading), ensure_ascii=False) if as_json else _reading_line(reading))
        agreeing = 0 if reading.agreeing <= agreeing else reading.agreeing
        if agreeing in (0, _LONGEST_PASSAGE):  # the last frame showed another vehicle, or none: a new passage begins
            agreeing = 0
            worker.begin("watch", show)

    worker.start()
    worker.begin("watch", show)
    until_s = clock.monotonic_s() + seconds
    with contextlib.suppress(KeyboardInterrupt):
        while clock.monotonic_s() < until_s and not worker.exhausted():
            time.sleep(min(0.1, max(0.0, until_s - clock.monotonic_s())))
    health = worker.health()
    worker.stop()
    if not shown:
        why = f" ({health.detail})" if health.health is not Health.OK and health.detail else ""
        typer.echo(f"lpr: nothing was read{why}", err=True)
        raise typer.Exit(1)


@app.command(name="evaluate")
def evaluate_command(
    folder: Annotated[Path, typer.Argument(help="A folder with labels.csv (file, plate, optional x, y, w, h).")],
    as_json: AsJson = False,
    grammar: Grammar = "china",
    detector: Detector = "pp_ocr",
    reader: Annotated[str, typer.Option(help="pp_ocr, or paddle (needs the extra [paddle]).")] = "pp_ocr",
    side: Side = 960,
    most: Annotated[int | None, typer.Option(min=1, help="Only the first pictures.")] = None,
) -> None:
    """Measure accuracy on a labelled folder.

    --json prints one object. n: labelled plates. Shares 0-1 of them: exact (every sign right), without_province (all but the
    province), accepted (clear enough to be believed from one picture), wrong_accepted (accepted and not exact), found. Each with
    _interval: 95 % Wilson. pictures; unlabelled_reads: accepted reads that answer no label. latency_ms, latency_ms_p95: per
    picture, one thread. by_class, by_colour (as read), by_province, by_light (day, night): the same shares per group.
    """
    settings = Settings(grammar=grammar, detector=detector, reader=reader, detect_side_px=side)
    evaluation = evaluate(folder, Pipeline.default(settings), most=most)
    typer.echo(json.dumps(evaluation.report(), ensure_ascii=False) if as_json else _summary(evaluation))


def _plain(read: PlateRead) -> dict[str, Any]:
    return {
        "plate": read.plate.text,
        "kind": read.kind.value,
        "colour": read.colour.value if read.colour else None,
        "confidence": round(read.confidence, 4),
        "margin": round(read.margin, 3),
        "corners": [[round(float(x), 1), round(float(y), 1)] for x, y in read.corners],
    }


def _plain_reading(reading: PassageReading) -> dict[str, Any]:
    return {
        "plate": reading.plate.text if reading.plate else None,
        "kind": reading.kind.value if reading.kind else None,
        "colour": reading.colour.value if reading.colour else None,
        "confidence": round(reading.confidence, 4),
        "margin": round(reading.margin, 3),
        "agreeing": reading.agreeing,
        "frames": reading.frames,
    }


def _line(read: PlateRead) -> str:
    return f"{read.plate.text} ({read.colour or 'colour unknown'} {read.kind}, confidence {read.confidence:.2f}, margin {read.margin:.1f})"


def _reading_line(reading: PassageReading) -> str:
    plate = reading.plate.text if reading.plate else "?"
    return f"{plate} (confidence {reading.confidence:.2f}, margin {reading.margin:.1f}, {reading.agreeing} of {reading.frames} frames)"


def _summary(evaluation: Evaluation) -> str:
    report = evaluation.report()
    lines = [f"{report['n']} plates in {report['pictures']} pictures, {report['latency_ms']} ms a picture (median)"]
    for name in ("exact", "without_province", "wrong_accepted"):
        low, high = report[f"{name}_interval"]
        lines.append(f"{name:17} {report[name]:7.1%}   95 % interval {low:.1%} to {high:.1%}")
    lines.append(f"{'accepted':17} {report['accepted']:7.1%}")
    for group in ("by_class", "by_light"):
        lines += [_group_line(name, measured) for name, measured in report[group].items()]
    return "\n".join(lines)


def _group_line(name: str, measured: dict[str, Any]) -> str:
    low, high = measured["exact_interval"]
    return (
        f"  {name:18} n {measured['n']:5}   exact {measured['exact']:7.1%} ({low:.1%} to {high:.1%})"
        f"   without province {measured['without_province']:7.1%}"
    )


def main() -> None:
    """Run the command; whatever is wrong with the call is said in one line."""
    try:
        status = app(standalone_mode=False)
    except ParkingError as error:
        typer.echo(f"lpr: {error}", err=True)
        sys.exit(1 if error.kind is ErrorKind.UNAVAILABLE else 2)
    except typer.Abort:
        sys.exit(1)
    except Exception as error:
        if not hasattr(error, "format_message"):  # click's own errors all have one
            raise
        typer.echo(f"lpr: {error.format_message()} (see lpr --help)", err=True)
        sys.exit(2)
    sys.exit(status if isinstance(status, int) else 0)
