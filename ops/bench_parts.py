"""The parts of the benchmark, and the universes that they share: each is made once and looked at by several."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs

from ops.bench_counting import counting
from ops.bench_draws import stages
from ops.bench_generation import generation
from ops.bench_growth import growth
from ops.bench_machine import machine
from ops.bench_pipeline import pipeline
from ops.bench_process import dry_run, kernel_load, production_pace, start_up, verify
from ops.bench_scale import PARTS, Scale
from ops.bench_served import served
from ops.bench_statistics import statistics
from ops.bench_tools import BUSY_DRAWS_MAX, growth_of_answers, tools
from ops.bench_universes import Universes
from ops.run import LIMIT_DRAWS
from universe.catalogue import shipped_games
from universe.game import Game

MAIN_GAME = "GAME_001"
TWO_GAMES = ("GAME_002", "GAME_003")  # of 300 million outcomes each
GAMES = (
    MAIN_GAME,
    "GAME_002",
    "GAME_006",
    "GAME_007",
)  # small, large, and two with the bonus from the rest of the drum


@attrs.frozen(kw_only=True)
class Bench:
    """One run: how much is measured, where, and the universes that its parts share."""

    scale: Scale
    folder: Path
    universes: Universes
    known: dict[str, Game] = attrs.field(factory=shipped_games)

    @property
    def game(self) -> Game:
        """The game that universes are made of."""
        return self.known[MAIN_GAME]

    def generation(self) -> dict[str, Any]:
        """Measure ranks."""
        return {game_id: generation(self.known[game_id], self.scale.amounts) for game_id in GAMES}

    def counting(self) -> dict[str, Any]:
        """Measure counting and comparing."""
        return {game_id: counting(self.known[game_id], self.scale.amounts) for game_id in GAMES}

    def statistics(self) -> dict[str, Any]:
        """Measure tallies of histories and Merkle trees."""
        return statistics(self.game, self.scale.amounts)

    def stages(self) -> dict[str, Any]:
        """Measure one thread that does everything, the store's commit included."""
        folder, draws = self.folder / "stages", self.scale.stage_draws
        return {game_id: stages(self.known[game_id], draws, folder / game_id) for game_id in GAMES}

    def pipeline(self) -> dict[str, Any]:
        """Measure whole processes."""
        two = [self.known[game_id] for game_id in TWO_GAMES]
        return pipeline(self.game, two, self.scale.pipeline, self.universes, self.folder / "references")

    def growth(self) -> dict[str, Any] | None:
        """Look at one long run, early and late."""
        built = self.universes.kept(self.game, self.scale.growth_draws)
        return growth(built) if built else None

    def tools(self) -> dict[str, Any] | None:
        """Measure answers at every size."""
        sizes = []
        for draws in self.scale.tools.draws:
            built = self.universes.kept(self.game, draws)
            if built and self.universes.has_room(draws + BUSY_DRAWS_MAX, f"tools at {draws:,} draws"):
                sizes.append(tools(built, self.scale.tools, self.folder / "tools"))
        return {"sizes": sizes, "growth": growth_of_answers(sizes)} if sizes else None

    def served(self) -> dict[str, Any]:
        """Measure what clients of real servers get."""
        return served(self.game, self.scale.served, self.folder / "served", self.universes.cache)

    def start_up(self) -> dict[str, Any]:
        """Measure processes that do little."""
        processes, folder = self.scale.processes, self.folder / "start_up"
        return {
            "first_answer": start_up(processes, folder),
            "dry_run": dry_run(LIMIT_DRAWS, processes, folder / "dry_run"),
            "kernel_load": kernel_load(folder / "cache") if self.scale.pipeline.cold else None,
        }

    def verify(self) -> dict[str, Any] | None:
        """Measure how long a whole universe takes to be drawn again and compared."""
        built = self.universes.kept(self.game, self.scale.verify_draws)
        return verify(built, self.folder / "verify", self.universes.cache) if built else None

    def pace(self) -> dict[str, Any] | None:
        """Measure the production pace, if asked for."""
        return production_pace(self.scale.pace_seconds, self.folder / "pace") if self.scale.pace_seconds else None

    def parts(self) -> dict[str, Callable[[], dict[str, Any] | None]]:
        """Return every part by its name, in the order in which they are measured."""
        return {name: getattr(self, name) for name in PARTS}


def run_benchmark(
    scale: Scale, only: tuple[str, ...], folder: Path, announce: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Measure the named parts, or all, in an empty folder; returns the document. ``announce`` hears what comes next."""
    began, before = time.perf_counter(), machine()  # the load is of what else is at work
    (folder / "universes").mkdir()
    cache = folder / "cache" if scale.pipeline.cold else None
    universes = Universes(folder / "universes", cache)
    bench = Bench(scale=scale, folder=folder, universes=universes)
    if cache and not {"pipeline", "growth", "tools", "served", "verify"}.isdisjoint(only or PARTS):
        kernel_load(cache)
    measured = {}
    for name, part in bench.parts().items():
        if not only or name in only:
            announce(name)
            measured[name] = part()
    return {
        "machine": before,
        "scale": attrs.asdict(scale),
        **measured,
        "skipped": universes.skipped,
        "seconds": round(time.perf_counter() - began, 1),
    }
