"""Count the quality flags of the recordings and write docs/quality-report.md. Counts only: no row leaves them.

    python scripts/quality-report.py [--recordings DIR] [--into FILE]

DIR is `FLIGHTDATA_RECORDINGS`, or `shared/data` beside the repository. Each recording is played through the gate and
judged beside the picture it has made so far, as the pipeline does. The trajectories are made into a snapshot every 10 s
first, as OpenSky would have shown them: of each aircraft its last sample, for at most 300 s.
"""

import argparse
import gzip
import math
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import orjson
import polars as pl

from flightdata.clients.recording import Recording, Times
from flightdata.models.states import no_states
from flightdata.models.units import FEET_PER_MINUTE, FOOT, KNOT
from flightdata.tracking.merge import expiry, merge
from flightdata.utils import logs
from flightdata.validation.decoded import Rejections, Unreadable, finish
from flightdata.validation.gate import decode
from flightdata.validation.judging import judge
from flightdata.validation.quality import BITS, quality_counts

REPOSITORY = Path(__file__).resolve().parents[2]
EXPIRY = 330.0
STEP = 10
KEPT_FOR = 300

Snapshot = tuple[float, pl.DataFrame]

RECORDINGS = {
    "globe 2025-12": "opensky/global_20251230",
    "globe 2026-05": "opensky/global_20260508",
    "globe 2021": "opensky/single/2021-10-17T114950Z.json.gz",
    "globe 2022": "opensky/single/2022-04-08T043739Z_extended18.json.gz",
    "tiny": "opensky/tiny",
    "Washington 1 s": "opensky/series/dcmetro_20230318_1s.jsonl.gz",
    "readsb and dump1090": "readsb",
}
CLEAN = ("quickstart", "zurich_airport", "belevingsvlucht")
TRAJECTORIES = (*CLEAN, "noisy_spoofing", "noisy_time_issue", "noisy_ground", "noisy_landing")

REPORT = """# How often each quality flag is raised

Counts over the recordings, made by `python scripts/quality-report.py` in `backend/`. What the flags mean is in
[quality.md](quality.md), how a state is compared with the one before it in
[decision 0008](decisions/0008-quality-against-the-held-state.md).

## Recorded answers

States, each judged beside the picture before it. The snapshots of the globe are up to 30 min apart, so that most of
their aircraft have no state to be compared with. Most of readsb's are points of a day in one file, hence stale. All
rows of the answer of 2017 (13 columns) are rejected, so it has no column here.

{recorded}

## Trajectories

A snapshot every 10 s of the samples of the package `traffic`. `noisy_spoofing` and `noisy_time_issue` are named so by
their author; the first three are the clean ones, though not without slips of their own: altitudes that jump, positions
that stay the same where reception was lost, and in `zurich_airport` ground speeds of 240 m/s and vertical rates of
100 m/s of aircraft that stand.

{trajectories}
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="quality-report.py", description="Count the quality flags of the recordings.")
    beside = os.environ.get("FLIGHTDATA_RECORDINGS", REPOSITORY.parent / "shared" / "data")
    parser.add_argument("--recordings", metavar="DIR", type=Path, default=Path(beside), help="default: %(default)s")
    parser.add_argument("--into", metavar="FILE", type=Path, default=REPOSITORY / "docs" / "quality-report.md")
    options = parser.parse_args()
    if not options.recordings.is_dir():
        sys.exit(f"quality-report: no recordings in {options.recordings}")
    logs.configure("WARNING", as_json=False)
    recorded = {name: counted(recording(options.recordings / path)) for name, path in RECORDINGS.items()}
    trajectories = {name: counted(trajectory(options.recordings, name)) for name in TRAJECTORIES}
    options.into.write_text(report(recorded, trajectories), encoding="utf-8")
    print(options.into)


def recording(path: Path) -> Iterator[Snapshot]:
    """What the gate makes of each answer; those that are no snapshot are passed over."""
    played = Recording([path], speed=math.inf, times=Times.RECORDED)
    while played.next_due() < math.inf:
        try:
            decoded = decode(played.fetch())
        except Unreadable:
            continue
        yield decoded.time, decoded.states


def trajectory(recordings: Path, name: str, step: int = STEP) -> Iterator[Snapshot]:
    """A snapshot every `step` seconds of one of the trajectories, while there is an aircraft to show."""
    samples = _samples(recordings / "trajectories" / f"{name}.json.gz").sort("last_contact")
    times = samples["last_contact"]
    for time in _moments(times, step):
        first, end = times.search_sorted(pl.Series([time - KEPT_FOR, time + 0.5])).to_list()
        rows = samples[first:end].unique("icao24", keep="last", maintain_order=True)
        yield time, finish(rows, time, name, Rejections())


def _moments(times: pl.Series, step: int) -> list[float]:
    """Each multiple of `step` at which a sample is at most KEPT_FOR old."""
    first = (times / step).ceil().unique() * step
    shown = pl.Series(range(0, KEPT_FOR - step + 1, step)).cast(pl.Float64)
    return (
        first.to_frame("at")
        .join(shown.to_frame("later"), how="cross")
        .select((pl.col("at") + pl.col("later")).unique().sort())
        .to_series()
        .to_list()
    )


def judged(snapshots: Iterable[Snapshot]) -> Iterator[pl.DataFrame]:
    """The states of each snapshot with all their flags."""
    held, latest = no_states(), -math.inf
    for time, states in snapshots:
        latest = max(latest, time)
        flagged = judge(states, held)
        held = merge(held, flagged, expiry(latest, EXPIRY)).states
        yield flagged


def counted(snapshots: Iterable[Snapshot]) -> Counter[str]:
    """States with each flag; all of them under "states"."""
    counts: Counter[str] = Counter()
    for flagged in judged(snapshots):
        counts.update(quality_counts(flagged), states=flagged.height)
    return counts


def report(recorded: dict[str, Counter[str]], trajectories: dict[str, Counter[str]]) -> str:
    return REPORT.format(recorded="\n".join(table(recorded)), trajectories="\n".join(table(trajectories)))


def table(columns: dict[str, Counter[str]]) -> Iterator[str]:
    yield line("flag", *columns)
    yield line("---", *["---:"] * len(columns))
    yield line("states", *(f"{counts['states']:,}" for counts in columns.values()))
    for flag in BITS:
        yield line(f"`{flag}`", *(cell(counts, flag) for counts in columns.values()))


def cell(counts: Counter[str], flag: str) -> str:
    return f"{counts[flag]:,} ({counts[flag] / counts['states']:.2%})" if counts[flag] else ""


def line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _samples(path: Path) -> pl.DataFrame:
    """The samples as rows of OpenSky's columns in SI units. Files are lists of records, or dictionaries of columns."""
    document = orjson.loads(gzip.decompress(path.read_bytes()))
    if isinstance(document, dict):
        document = {name: _values(column) for name, column in document.items()}
    samples = pl.DataFrame(document, infer_schema_length=None, strict=False)
    optional = {name: pl.lit(None, pl.Float64) for name in ("last_position", "geoaltitude") if name not in samples}
    time = pl.col("timestamp") / 1000
    on_ground = pl.col("onground") if "onground" in samples else pl.lit(value=False)
    callsign, squawk = (
        pl.col(name) if name in samples else pl.lit(None, pl.String).alias(name) for name in ("callsign", "squawk")
    )
    return samples.with_columns(**optional).select(
        "icao24",
        callsign.cast(pl.String).alias("callsign"),
        squawk.cast(pl.String).str.zfill(4).alias("squawk"),  # the samples have lost leading noughts
        pl.coalesce(pl.col("last_position") / 1000, time).floor().alias("time_position"),
        time.floor().alias("last_contact"),
        pl.col("longitude", "latitude").cast(pl.Float64),
        pl.when(~on_ground).then(pl.col("altitude") * FOOT).alias("baro_altitude"),
        (pl.col("geoaltitude") * FOOT).alias("geo_altitude"),
        on_ground.alias("on_ground"),
        (pl.col("groundspeed") * KNOT).alias("velocity"),
        pl.col("track").cast(pl.Float64).alias("true_track"),
        (pl.col("vertical_rate") * FEET_PER_MINUTE).alias("vertical_rate"),
        pl.lit(value=False).alias("spi"),
    )


def _values(column: dict[str, object] | Sequence[object]) -> Sequence[object]:
    return list(column.values()) if isinstance(column, dict) else column


if __name__ == "__main__":
    main()
