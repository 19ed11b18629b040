"""The lives that are cut short again and again: what is run, how far, and what it must hold in the end."""

import signal
from datetime import date
from pathlib import Path

import attrs

from ops.place import Mode, Place
from ops.soak_process import Running, document_of, running, wait_until
from ops.soak_results import result_rows, write_rows
from ops.soak_verdict import Held, require_whole, where
from universe.catalogue import shipped_games

PARTS = 3  # the results come in so many files, and in one with all of them


@attrs.frozen(kw_only=True)
class Life:
    """One way to fill a universe. ``command`` may be cut short anywhere and called again until ``draws`` are there."""

    name: str
    mode: Mode
    games: tuple[str, ...]
    draws: int  # of each game
    draws_per_day: int
    epoch: date
    seconds: float  # that one undisturbed run takes, about
    command: str
    options: tuple[str, ...]
    config: str = ""
    ends_by_itself: bool = True

    def place(self, folder: Path) -> Place:
        """Return where its universe is, below a folder of its own."""
        return Place(folder / "data", self.mode)

    def words(self, folder: Path, held: Held | None) -> list[str]:
        """Return the command that goes on from what is held."""
        words = [self.command, *where(self.place(folder)), *self.options, "--json"]
        words += [word for game_id in self.games for word in ("--game", game_id)]
        words += ["--epoch", str(self.epoch), "--draws-per-day", str(self.draws_per_day)]
        if self.command == "simulate":
            (game_id,) = self.games
            words += ["--draws", str(self.draws - (held.draws.get(game_id, 0) if held else 0))]
        if self.config:
            path = folder / "soak.toml"
            path.write_text(self.config, encoding="utf-8")
            words += ["--config", str(path)]
        return words

    def complete(self, held: Held | None) -> bool:
        """Whether all draws are there."""
        return held is not None and all(held.draws.get(game_id) == self.draws for game_id in self.games)

    def halted(self, one: Running) -> bool:
        """Whether a process that does not end by itself has nothing left to do."""
        halts = {event["game_id"] for event in one.events("phase.changed") if event["phase"] == "halted"}
        return halts >= set(self.games)

    def ingest_words(self, folder: Path, game_id: str, part: int | None) -> list[str]:
        """Return the command that brings in one part of a game's results, or all of them."""
        rows = result_rows(shipped_games()[game_id], self.epoch, self.draws // self.draws_per_day)
        name = f"{game_id}-{'all' if part is None else part}.csv"
        file = write_rows(rows if part is None else rows[part::PARTS], folder / name)
        return ["ingest", *where(self.place(folder)), "--game", game_id, "--results", str(file), "--json"]


LIVES = (
    Life(
        name="run",
        mode="test",
        games=("GAME_001", "GAME_006"),
        draws=200_000,
        draws_per_day=2_000,
        epoch=date(2016, 1, 6),
        seconds=4.0,
        command="run",
        options=("--limit", "200000", "--rate", "70000", "--transport", "none"),
    ),
    Life(
        name="simulate",
        mode="test",
        games=("GAME_002",),
        draws=1_000_000,
        draws_per_day=5_000,
        epoch=date(2016, 1, 6),
        seconds=3.0,
        command="simulate",
        options=(),
    ),
    Life(
        name="production",
        mode="prod",
        games=("GAME_001",),
        draws=500_000,
        draws_per_day=227_500,
        epoch=date(2016, 1, 6),
        seconds=6.0,
        command="run",
        options=("--max-draws", "500000", "--transport", "none"),
        config="[universe]\nlogical_day_seconds = 2.0\n",
        ends_by_itself=False,
    ),
)


def undisturbed(life: Life, folder: Path) -> str:
    """Fill a universe in peace, the results first, and return its fingerprint."""
    logs = folder / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    for game_id in life.games:
        document_of(*life.ingest_words(folder, game_id, None)[:-1], folder=logs)
    with running(*life.words(folder, None), folder=logs) as one:
        if not life.ends_by_itself:
            wait_until(lambda: life.halted(one), 60, "production halts at its milestone")
            one.process.send_signal(signal.SIGTERM)
        one.wait()
    status = require_whole(life.place(folder), logs)
    found: str = status["fingerprint"]
    return found
