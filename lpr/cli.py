"""The command `lpr`: plates from pictures, streams and labelled folders. Exit 0 done, 1 the answer is no, 2 the call is wrong."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import cv2
import typer

from lpr import annotate, confusion_file, contact_sheet, pictures, plain, watching
from lpr.evaluate import evaluate_all
from lpr.frame import Frame
from lpr.model import PassageReading
from lpr.pipeline import Pipeline
from lpr.settings_file import settings_of
from lpr.sources.registry import source_of
from lpr.worker import Worker
from parking.kernel.clock import ManualClock, SystemClock
from parking.kernel.device import DeviceFault, Health
from parking.kernel.errors import ParkingError

app = typer.Typer(name="lpr", help="Read number plates.", add_completion=False, pretty_exceptions_enable=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
Grammar = Annotated[str | None, typer.Option(help="Whose plates: china, latin, or a country's own.")]
Detector = Annotated[str | None, typer.Option(help="What finds plates; whole: each picture is one plate.")]
Reader = Annotated[str | None, typer.Option(help="What reads them; paddle needs the extra [paddle].")]
Side = Annotated[int | None, typer.Option(help="Longer side of the picture for the detector, in pixels.")]
SettingsFile = Annotated[Path | None, typer.Option("--settings", help="A YAML file of settings; options win over it.")]


@app.command()
def read(
    images: Annotated[list[Path], typer.Argument(help="Pictures (JPEG, PNG, BMP, WebP, TIFF).")],
    as_json: AsJson = False,
    grammar: Grammar = None,
    detector: Detector = None,
    reader: Reader = None,
    side: Side = None,
    settings: SettingsFile = None,
    annotated: Annotated[
        Path | None, typer.Option("--annotate", help="Write each picture with its reads on it into this folder.")
    ] = None,
) -> None:
    """Print the plates in each picture, best first. Exit 1 when a picture has none.

    --json prints one object per picture and line: file, and plates, a list of plate, kind, colour, confidence (0-1), margin
    (natural log), corners (4 x [x, y] pixels, clockwise from the top left).
    """
    loaded = [(path, pictures.load(path)) for path in images]
    pipeline = Pipeline.default(
        settings_of(settings, grammar=grammar, detector=detector, reader=reader, detect_side_px=side)
    )
    empty = False
    for number, (path, image) in enumerate(loaded):
        reads = pipeline.read(Frame(image, str(path), datetime.now(UTC), number))
        empty = empty or not reads
        if as_json:
            told = {"file": str(path), "plates": [plain.read_object(r) for r in reads]}
            typer.echo(json.dumps(told, ensure_ascii=False))
        else:
            typer.echo(f"{path}: {'; '.join(plain.read_line(r) for r in reads) or 'no plate'}")
        if annotated is not None:
            annotate.save(annotate.annotated(image, reads), annotated, f"{path.stem}-read")
    if empty:
        raise typer.Exit(1)


@app.command()
def watch(
    url: Annotated[str, typer.Argument(help="rtsp://..., http://... (MJPEG), a video file or a folder of pictures.")],
    seconds: Annotated[float, typer.Option(min=0.1, help="Stop after this long.")] = float("inf"),
    as_json: Annotated[bool, typer.Option("--json-lines", "--json", help="Print JSON lines for scripts.")] = False,
    grammar: Grammar = None,
    detector: Detector = None,
    reader: Reader = None,
    side: Side = None,
    settings: SettingsFile = None,
    annotated: Annotated[
        Path | None, typer.Option("--annotate", help="Write the best picture of each passage into this folder.")
    ] = None,
) -> None:
    """Print what passes before a camera: a line when a plate is known, when it changes, and when its vehicle has gone.

    Files and folders have a time of their own, which begins now: each is read as fast as it can be, and as well on a slow machine.

    Exit 1 when nothing was read, or the camera cannot be seen. --json-lines prints one object a line: plate, kind, colour,
    confidence, margin, agreeing and frames (numbers of frames), passage (its name), heading, at, settled, over (its last line).
    """
    wanted = settings_of(settings, grammar=grammar, detector=detector, reader=reader, detect_side_px=side)
    recorded, clock = "://" not in url, SystemClock()
    own_time = ManualClock(clock.now())
    passes = own_time if recorded else clock
    source = source_of(url, "camera", passes, pause=lambda span_s: own_time.advance(timedelta(seconds=span_s)))
    watching.look_once(source, url)
    worker = Worker(source, Pipeline.default(wanted), passes, patient=recorded)
    told = 0

    def tell(reading: PassageReading) -> None:
        nonlocal told
        told += 1
        plain_reading = json.dumps(plain.passage_object(reading), ensure_ascii=False) if as_json else None
        typer.echo(plain_reading or plain.passage_line(reading))
        if annotated is not None and reading.over and reading.evidence is not None:
            name = f"{reading.passage}-{reading.evidence.captured_at:%Y%m%dT%H%M%S}"
            annotate.save(annotate.annotated(reading.evidence.image, [reading]), annotated, name)

    health = watching.watch(worker, tell, passes, seconds)
    if not told:
        why = f" ({health.detail})" if health.health is not Health.OK and health.detail else ""
        typer.echo(f"lpr: nothing was read{why}", err=True)
        raise typer.Exit(1)


@app.command(name="evaluate")
def evaluate_command(
    folders: Annotated[
        list[Path], typer.Argument(help="Folders with labels.csv (file, plate; x, y, w, h, note, passage).")
    ],
    as_json: AsJson = False,
    sheet: Annotated[
        Path | None, typer.Option(help="Write the failures to look at, with pictures: FILE.html or FILE.png.")
    ] = None,
    confusion: Annotated[Path | None, typer.Option(help="Write what was taken for what: FILE.json.")] = None,
    grammar: Grammar = None,
    detector: Detector = None,
    reader: Reader = None,
    side: Side = None,
    settings: SettingsFile = None,
    most: Annotated[int | None, typer.Option(min=1, help="Only the first pictures of each folder.")] = None,
) -> None:
    """Measure accuracy on labelled folders.

    --json prints one object. n: labelled plates. Shares 0-1 of them, most with _interval (95 %, Wilson): exact (every sign right),
    without_province (all but the province), accepted (clear enough to be believed from one picture), wrong_accepted (accepted and
    not exact), found. colour_right of colour_n plates of known colour. detected, exact_of_detected, corner_error (share of the
    width) of boxed_n plates with a box. pictures; false_strings_per_100: reads with no labelled plate behind, per 100 pictures.
    latency_ms, latency_ms_p95: per picture, one thread. by_set, by_class, by_colour, by_province, by_light, by_note: the same
    shares per group. passages, passage_exact ...: all pictures of a vehicle together, where labels.csv has a column passage.
    """
    if sheet is not None:
        contact_sheet.check(sheet)
    if confusion is not None and not confusion.parent.is_dir():
        raise typer.BadParameter(f"there is no folder {confusion.parent}", param_hint="--confusion")
    wanted = settings_of(settings, grammar=grammar, detector=detector, reader=reader, detect_side_px=side)
    evaluation = evaluate_all(folders, Pipeline.default(wanted), most=most)
    names = ", ".join(folder.resolve().name for folder in folders)
    if sheet is not None:
        contact_sheet.save(sheet, evaluation.failures, f"{names}: {len(evaluation.failures)} failures")
    if confusion is not None:
        how = {
            "sets": names,
            "detector": wanted.detector,
            "reader": wanted.reader,
            "grammar": wanted.grammar,
            "day": date.today().isoformat(),  # noqa: DTZ011 - the day as people say it
        }
        confusion_file.save(confusion, evaluation.confusion(how))
    typer.echo(json.dumps(evaluation.report(), ensure_ascii=False) if as_json else plain.summary(evaluation))


@app.command()
def train(
    net: Annotated[str, typer.Argument(help="reader or detector.")] = "reader",
    minutes: Annotated[float, typer.Option(help="Wall time in all; sittings that resume share it.")] = 110.0,
    seed: Annotated[int, typer.Option(help="The same seed draws the same plates.")] = 1,
    out: Annotated[Path, typer.Option(help="Where checkpoints, the log and the model go.")] = Path("training"),
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the newest checkpoint.")] = False,
    from_released: Annotated[
        bool, typer.Option("--from-released", help="Begin with the weights of the shipped model.")
    ] = False,
    check: Annotated[
        Path | None, typer.Option(help="A labelled folder to look at while training; never trained on.")
    ] = None,
) -> None:
    """Train one of our nets again from nothing, on drawn plates only. Needs the extra [train]; prints where the model lies."""
    from lpr.training.command import run  # torch and the drawing of training are nobody else's business

    typer.echo(run(net, minutes=minutes, seed=seed, out=out, resume=resume, from_released=from_released, check=check))


def main() -> None:
    """Run the command; whatever is wrong with the call is said in one line, and not by the libraries below."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        status: Any = app(standalone_mode=False)
    except ParkingError as error:
        typer.echo(f"lpr: {error}", err=True)
        sys.exit(2)
    except DeviceFault as fault:
        typer.echo(f"lpr: {fault}", err=True)
        sys.exit(1)
    except typer.Abort:
        sys.exit(1)
    except Exception as error:
        if not hasattr(error, "format_message"):  # click's own errors all have one
            raise
        typer.echo(f"lpr: {error.format_message()} (see lpr --help)", err=True)
        sys.exit(2)
    sys.exit(status if isinstance(status, int) else 0)
