"""Universes made by the program itself in processes of its own: once to be measured, then to be looked at again."""

import shutil
from pathlib import Path

import attrs

from ops.bench_draws import MODE, bench_clock, new_store
from ops.bench_measure import BenchmarkError
from ops.bench_run import Observed, observe
from ops.place import Place
from universe.game import Game

BYTES_PER_DRAW_MAX = 14  # on disk, its share of the log included; measured is less
ROOM_BYTES_MIN = 512 * 2**20  # beside the draws: counters, and whoever else uses the disk


@attrs.frozen(kw_only=True)
class Way:
    """How a universe is made: so many draws of each game, in one process, from nothing."""

    games: tuple[Game, ...]
    draws: int
    cold: bool = False  # with an empty cache of compiled code
    results: bool = False  # with a real result for every date, so that every draw is compared
    plain: bool = False  # without compiled kernels

    @property
    def draws_in_all(self) -> int:
        """The draws of all games."""
        return self.draws * len(self.games)

    def __str__(self) -> str:
        return f"{self.draws:,} draws of {' and '.join(game.game_id for game in self.games)}"


@attrs.frozen(kw_only=True)
class Built:
    """A universe that was made, and the process that made it."""

    way: Way
    place: Place
    observed: Observed
    stored_bytes: int  # all its files


@attrs.define
class Universes:
    """Makes universes in a folder, as far as the disk has room, and keeps one of each size.

    ``cache`` holds compiled code and makes a start warm; None: the user's own.
    """

    folder: Path
    cache: Path | None
    skipped: list[str] = attrs.field(factory=list)  # what could not be made, a sentence each
    _made: int = 0
    _kept: dict[tuple[str, int], Built] = attrs.field(factory=dict)

    def make(self, way: Way) -> Built:
        """Make one universe. The caller has asked for room, and discards or keeps it."""
        self._made += 1
        folder = self.folder / str(self._made)
        place = Place(folder, MODE)
        if way.results:
            for game in way.games:
                new_store(place, bench_clock(game), way.draws).close()
        cache = folder / "cache" if way.cold else self.cache
        observed = observe(_words(way, folder), folder / "printed", cache=cache, plain=way.plain)
        if observed.document["draws_generated"] != way.draws_in_all:
            raise BenchmarkError(f"{way}: universe simulate made {observed.document['draws_generated']:,}")
        stored = sum(file.stat().st_size for file in place.root.iterdir())
        return Built(way=way, place=place, observed=observed, stored_bytes=stored)

    def keep(self, built: Built) -> None:
        """Keep a universe of one game for those who look again, in place of another of its size."""
        key = built.way.games[0].game_id, built.way.draws
        if key in self._kept:
            self.discard(self._kept[key])
        self._kept[key] = built

    def discard(self, built: Built) -> None:
        """Give a universe's room back."""
        shutil.rmtree(built.place.data_dir)

    def kept(self, game: Game, draws: int) -> Built | None:
        """Return a universe of this size with results for every date; None if there is no room to make it."""
        way = Way(games=(game,), draws=draws, results=True)
        if (game.game_id, draws) not in self._kept and self.has_room(draws, str(way)):
            self._kept[game.game_id, draws] = self.make(way)
        return self._kept.get((game.game_id, draws))

    def has_room(self, draws: int, purpose: str) -> bool:
        """Whether so many more draws fit on the disk; if not, that is noted."""
        needed, free = draws * BYTES_PER_DRAW_MAX + ROOM_BYTES_MIN, shutil.disk_usage(self.folder).free
        if needed > free:
            note = f"{purpose}: needs {needed / 1e9:.1f} GB of disk, {free / 1e9:.1f} GB are free"
            if note not in self.skipped:
                self.skipped.append(note)
        return needed <= free


def _words(way: Way, data_dir: Path) -> list[object]:
    """Return the command that makes a universe. All its games have one epoch: the latest of their first days."""
    games = [word for game in way.games for word in ("--game", game.game_id)]
    epoch = max(game.since for game in way.games)
    goal = ["--draws", way.draws, "--max-draws", way.draws, "--epoch", epoch]
    return ["simulate", "--mode", MODE, "--data-dir", data_dir, *games, *goal, "--json"]
