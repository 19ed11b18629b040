"""``week``: seven logical days of production in minutes, with a moody feed, restarts, and an eye on what it uses."""

import signal
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import monotonic, sleep
from typing import Any

import attrs

from ops.place import Place
from ops.soak_feed import Feed, Mood, serving
from ops.soak_process import Note, Running, SoakError, moments, running, wait_until
from ops.soak_results import result_rows
from ops.soak_verdict import glance, require_whole, where
from universe.catalogue import shipped_games

GAME = "GAME_004"  # a draw on almost every day
DAYS = 7
SAMPLE_SECONDS_MAX = 2.0
MOODS: tuple[Mood, ...] = ("well", "down", "slow", "garbage", "well", "down", "well")  # who restarts asks at once
ENDS = ("", "SIGTERM", "SIGKILL", "SIGTERM", "", "", "")  # how the process ends within each day; the last days are one
WHOLE_DAYS = slice(4, DAYS)  # of one process: what it uses must not grow in them
GROWTH_MAX = 1.25
FETCH_SECONDS_MAX = 60.0


@attrs.frozen(kw_only=True)
class Sample:
    """What a process uses at one moment."""

    rss_mb: float
    handles: int
    threads: int
    log_mb: float  # of the database, not yet moved into it


def soak_week(minutes: float, seed: int, folder: Path, note: Note) -> dict[str, Any]:
    """Live through a week and return a table of its days; SoakError if something is lost, or grows."""
    begun, day_seconds, place = monotonic(), minutes * 60 / DAYS, Place(folder / "data", "prod")
    folder.mkdir(parents=True, exist_ok=True)
    epoch = datetime.now(UTC).date() - timedelta(days=DAYS + 1)
    rows, rng, days = result_rows(shipped_games()[GAME], epoch, DAYS), moments(seed, 0), list[list[Sample]]()
    with serving() as feed, ExitStack() as life:
        words = _words(place, folder, feed, epoch.isoformat(), day_seconds)
        one = life.enter_context(running(*words, folder=folder / "logs"))
        for day in range(DAYS):
            feed.rows, feed.mood = rows[: len(rows) * (day + 1) // DAYS], MOODS[day]
            if ENDS[day]:
                half = rng.uniform(0.2, 0.8) * day_seconds
                days.append(_watch(one, place, half))
                _end(one, ENDS[day])
                one = life.enter_context(running(*words, folder=folder / "logs"))
                days[-1] += _watch(one, place, day_seconds - half)
            else:
                days.append(_watch(one, place, day_seconds))
            note(f"day {day + 1}: {_row(days[-1])}")
        _end(one, "SIGTERM")
        feed.mood = "well"
        _fetch_once_more(words, feed, folder)
    status = require_whole(place, folder / "logs")
    held = glance(place)
    stored = held.results.get(GAME, 0) if held else 0
    if stored != len(feed.served) or feed.served != set(rows):
        raise SoakError(
            f"seed {seed}: {len(rows)} results, {len(feed.served)} served, {stored} stored; kept in {folder}"
        )
    growth = _growth(days[WHOLE_DAYS])
    document = {
        "soak": "week",
        "seed": seed,
        "minutes": minutes,
        "draws": status["games"][0]["draw_number"],
        "results": stored,
        "feed_asked": feed.asked,
        "days": [
            {"day": number, "feed": MOODS[number - 1], "end": ENDS[number - 1]} | _row(day)
            for number, day in enumerate(days, 1)
        ],
        "growth": growth,
        "seconds": round(monotonic() - begun, 1),
    }
    if max(growth.values()) > GROWTH_MAX:
        raise SoakError(f"seed {seed}: what it uses grows: {document}")
    return document


def _words(place: Place, folder: Path, feed: Feed, epoch: str, day_seconds: float) -> list[str]:
    config = folder / "week.toml"
    config.write_text(
        f'[universe]\nlogical_day_seconds = {day_seconds}\n[game.{GAME}]\nsource = "{feed.source}"\nformat = "csv"\n',
        encoding="utf-8",
    )
    words = ["run", *where(place), "--config", str(config), "--game", GAME, "--epoch", epoch, "--transport", "none"]
    return [*words, "--json"]


def _watch(one: Running, place: Place, seconds: float) -> list[Sample]:
    """Look every now and then at what a process uses; SoakError if it ends by itself."""
    samples, until = list[Sample](), monotonic() + seconds
    while monotonic() < until:
        sleep(min(SAMPLE_SECONDS_MAX, max(0.0, until - monotonic())))
        if not one.alive:
            raise SoakError(f"it ended by itself with {one.wait()}: {one.told[-1_000:]}")
        samples.append(_sample(one.process.pid, place))
    return samples


def _sample(process_id: int, place: Place) -> Sample:
    folder, log = Path(f"/proc/{process_id}"), place.database.with_name("universe.db-wal")
    try:
        lines = (folder / "status").read_text(encoding="ascii", errors="replace").splitlines()
        fields = dict(line.split(":", 1) for line in lines)
        return Sample(
            rss_mb=int(fields["VmRSS"].split()[0]) / 1024,
            handles=sum(1 for _ in (folder / "fd").iterdir()),
            threads=int(fields["Threads"]),
            log_mb=log.stat().st_size / 2**20 if log.exists() else 0.0,
        )
    except (OSError, KeyError) as error:
        raise SoakError(f"{folder}: {error}; a week is watched on Linux alone") from error


def _end(one: Running, how: str) -> None:
    one.process.send_signal(signal.Signals[how])
    code = one.wait()
    if code != (0 if how == "SIGTERM" else -signal.SIGKILL):
        raise SoakError(f"it ended with {code} at {how}: {one.told[-1_000:]}")


def _fetch_once_more(words: Sequence[str], feed: Feed, folder: Path) -> None:
    """Let a process find the feed well, and end once it has kept what was served."""
    asked = feed.asked
    with running(*words, folder=folder / "logs") as one:
        wait_until(lambda: feed.asked > asked and bool(one.events("batch.committed")), FETCH_SECONDS_MAX, "a fetch")
        _end(one, "SIGTERM")


def _row(samples: Sequence[Sample]) -> dict[str, float]:
    """Return the figures of a day: the middle memory, the most of everything else."""
    return {
        "rss_mb": round(median(sample.rss_mb for sample in samples), 1),
        "handles": max(sample.handles for sample in samples),
        "threads": max(sample.threads for sample in samples),
        "log_mb": round(max(sample.log_mb for sample in samples), 1),
    }


def _growth(days: Sequence[Sequence[Sample]]) -> dict[str, float]:
    """Return the last day's figures as multiples of the first one's."""
    first, last = _row(days[0]), _row(days[-1])
    return {name: round(last[name] / max(first[name], 1.0), 3) for name in ("rss_mb", "handles", "threads")}
