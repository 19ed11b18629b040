"""Draws a second of whole processes that keep everything, from nothing, beside plain Python and the bare ranks."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import attrs

from ops.bench_draws import bench_clock
from ops.bench_generation import has_kernels, rank_on_kernels, rank_plainly
from ops.bench_measure import Timing, in_turns, significant, times
from ops.bench_reference import MakeRows, hashed_rows, keep_plainly, sampled_rows
from ops.bench_scale import PipelineScale
from ops.bench_universes import Built, Universes, Way
from universe.game import Game


@attrs.define
class References:
    """Rates to compare with, measured whenever a process was: draws a second of each."""

    game: Game
    scale: PipelineScale
    folder: Path
    rates: dict[str, list[float]] = attrs.field(factory=dict)

    def measure(self) -> None:
        """Measure each once more."""
        self.folder.mkdir(parents=True, exist_ok=True)
        clock = bench_clock(self.game)
        bare = rank_on_kernels if has_kernels() else rank_plainly
        tasks: dict[str, tuple[int, Callable[[], None]]] = {
            "hashlib_and_rows": (self.scale.reference_draws, partial(self._keep, hashed_rows)),
            "random_sample_and_rows": (self.scale.reference_draws, partial(self._keep, sampled_rows)),
            "bare_ranks": (self.scale.bare_draws, partial(bare, clock, self.scale.bare_draws)),
        }
        timed = in_turns(1, {name: task for name, (_, task) in tasks.items()})
        for name, (draws, _) in tasks.items():
            self.rates.setdefault(name, []).append(draws / timed[name].median)

    def _keep(self, make_rows: MakeRows) -> None:
        path = self.folder / "plain.db"
        keep_plainly(make_rows, bench_clock(self.game), self.scale.reference_draws, path)
        path.unlink()

    def medians(self) -> dict[str, float]:
        """Return the median rates."""
        return {name: statistics.median(rates) for name, rates in self.rates.items()}


def pipeline(
    game: Game, two: Sequence[Game], scale: PipelineScale, universes: Universes, folder: Path
) -> dict[str, Any]:
    """Return a row for each way of making a universe, and the references of the same run.

    The universes with results are kept: other parts look at them.
    """
    references, made = References(game, scale, folder), dict[Way, list[Built]]()
    for draws, repeats in scale.sizes:
        for turn in range(repeats):
            references.measure()
            for way in _ways(game, draws, scale, first=turn == 0):
                _make(way, universes, made)
    references.measure()
    side_by_side = Way(games=tuple(two), draws=scale.two_games_draws)
    _make(side_by_side, universes, made)
    rates = references.medians()
    rows = {way: _row(built, rates) for way, built in made.items()}
    if side_by_side in rows and (alone := rows.get(Way(games=(game,), draws=scale.sizes[0][0]))):
        rows[side_by_side]["to_one_game"] = times(rows[side_by_side]["draws_per_second"], alone["draws_per_second"])
    return {
        "references": {f"{name}_per_second": round(rate) for name, rate in rates.items()},
        "bare_ranks_by": "kernels" if has_kernels() else "numpy",
        "runs": list(rows.values()),
    }


def _ways(game: Game, draws: int, scale: PipelineScale, *, first: bool) -> list[Way]:
    """Return how universes of one size are made in one turn; what takes long is made in the first alone."""
    games = (game,)
    ways = [Way(games=games, draws=draws), Way(games=games, draws=draws, results=True)]
    if first and draws == scale.sizes[0][0]:
        ways.insert(0, Way(games=games, draws=scale.plain_draws, plain=True))
    if first and scale.cold:
        ways.insert(0, Way(games=games, draws=draws, cold=True))
    return ways


def _make(way: Way, universes: Universes, made: dict[Way, list[Built]]) -> None:
    """Make one more universe, if there is room; only the last one of a size with results stays."""
    if not universes.has_room(way.draws_in_all, str(way)):
        return
    built = universes.make(way)
    made.setdefault(way, []).append(built)
    if way.results:
        universes.keep(built)
    else:
        universes.discard(built)


def _row(built: Sequence[Built], references: Mapping[str, float]) -> dict[str, Any]:
    """Return the medians of the same process, run again and again."""
    way, seen = built[0].way, [one.observed for one in built]
    seconds = Timing(tuple(one.seconds for one in seen))
    rate = way.draws_in_all / seconds.median
    return {
        "games": [game.game_id for game in way.games],
        "draws": way.draws_in_all,
        "start": "cold" if way.cold else "warm",
        "path": "numpy" if way.plain else "default",
        "kernels_at_end": seen[-1].kernels,
        "results": way.results,
        "repeats": len(built),
        "process_seconds": round(seconds.median, 3),
        "spread": seconds.spread,
        "draws_per_second": round(rate),
        "draws_per_second_inside": round(statistics.median(one.document["draws_per_second"] for one in seen)),
        "to_hashlib_and_rows": times(rate, references["hashlib_and_rows"]),
        "to_random_sample_and_rows": times(rate, references["random_sample_and_rows"]),
        "to_bare_ranks": times(rate, references["bare_ranks"]),
        "bytes_per_draw": significant(built[-1].stored_bytes / way.draws_in_all, 4),
        "rss_max_mb": round(max(one.rss_max_bytes for one in seen) / 1e6),
        "cores": significant(statistics.median(one.cpu_seconds / one.seconds for one in seen)),
    }
