"""Universes that several files of these tests ask: made once."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from tests.acceptance.client import Client, connected
from tests.acceptance.program import done
from tests.acceptance.rule import SHIPPED, Lottery, Made, Ticket, make_all, read_normalised

DRAWS = 20_000
OTHERS = {  # game: its normalised results
    "GAME_004": "tx_cash_five.csv",
    "GAME_005": "euromillions.csv",
    "GAME_006": "uk_lotto.csv",
    "GAME_007": "canada_649.csv",
}
OTHERS_DRAWS = 4_000
OTHERS_PACE = 500
TINY = Lottery("TINY_1", (2, 6), (1, 3), False, (("2020-01-01", "Mon Tue Wed Thu Fri Sat Sun"),))
TINY_TOML = """
id = "TINY_1"
since = 2020-01-01
main = { picked = 2, size = 6 }
bonus = { picked = 1, size = 3 }

[[schedule]]
from = 2020-01-01
days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
"""
TINY_DRAWS = 2_000
TINY_PACE = 100


@dataclass(frozen=True)
class Recount:
    """What a game of a universe must hold, by brute force."""

    game: Lottery
    draws: list[Made]
    real: dict[date, Ticket]

    @property
    def compared(self) -> list[Made]:
        return [draw for draw in self.draws if draw.day in self.real]


@dataclass(frozen=True)
class Asked:
    """A universe with a client connected to it."""

    data: Path
    client: Client
    recounts: dict[str, Recount]

    @property
    def recount(self) -> Recount:
        (recount,) = self.recounts.values()
        return recount


def recount(game: Lottery, pace: int, last: int, results: Path | None) -> Recount:
    real = {} if results is None else read_normalised(results)
    real = {day: ticket for day, ticket in real.items() if day >= game.since}
    return Recount(game, make_all(game, game.since, pace, last), real)


@pytest.fixture(scope="session")
def first_recount(shared: Path) -> Recount:
    """GAME_001, 20,000 draws at 1,000 a day, the results of the 2018 file."""
    found = recount(SHIPPED["GAME_001"], 1_000, DRAWS, shared / "results/normalised/superlotto_plus.csv")
    return Recount(found.game, found.draws, {d: t for d, t in found.real.items() if d <= date(2018, 12, 5)})


@pytest.fixture(scope="session")
def before_data(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All results first, then the draws."""
    data = tmp_path_factory.mktemp("before")
    file = shared / "results/raw/calottery_superlotto_plus_2018.txt"
    done("ingest", "--mode", "test", "--data-dir", data, "--game", "GAME_001", "--results", file)
    done("simulate", "--mode", "test", "--data-dir", data, "--game", "GAME_001", "--draws", DRAWS)
    return data


@pytest.fixture(scope="session")
def after_data(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every other result first, then the draws in two pieces, the rest of the results in between and after."""
    data = tmp_path_factory.mktemp("after")
    lines = (shared / "results/raw/calottery_superlotto_plus_2018.txt").read_text(encoding="utf-8").splitlines()
    parts = {"half": lines[::2], "more": lines[::3], "all": lines}
    for name, part in parts.items():
        (data / name).write_text("\n".join(part) + "\n", encoding="utf-8")
    where = ("--mode", "test", "--data-dir", data, "--game", "GAME_001")
    done("ingest", *where, "--results", data / "half")
    done("simulate", *where, "--draws", 7_777)
    done("ingest", *where, "--results", data / "more")
    done("simulate", *where, "--draws", DRAWS - 7_777)
    done("ingest", *where, "--results", data / "all")
    return data


@pytest.fixture(scope="session")
def first(before_data: Path, first_recount: Recount) -> Iterator[Asked]:
    """GAME_001 with all results before its draws."""
    with connected("--mode", "test", "--data-dir", before_data, "--limit", 1, log=before_data / "run") as client:
        yield Asked(before_data, client, {"GAME_001": first_recount})


@pytest.fixture(scope="session")
def late(after_data: Path, first_recount: Recount) -> Iterator[Asked]:
    """GAME_001 with half of the results after its draws."""
    with connected("--mode", "test", "--data-dir", after_data, "--limit", 1, log=after_data / "run") as client:
        yield Asked(after_data, client, {"GAME_001": first_recount})


@pytest.fixture(scope="session")
def others(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """Four games side by side, fewer draws; two have their results before, two after."""
    data = tmp_path_factory.mktemp("others")
    where = ("--mode", "test", "--data-dir", data)
    results = shared / "results/normalised"
    games = [word for game_id in OTHERS for word in ("--game", game_id)]
    for game_id in ("GAME_004", "GAME_006"):
        done("ingest", *where, "--game", game_id, "--results", results / OTHERS[game_id], "--keep-valid")
    done("simulate", *where, *games, "--draws", OTHERS_DRAWS, "--draws-per-day", OTHERS_PACE)
    for game_id in ("GAME_005", "GAME_007"):
        done("ingest", *where, "--game", game_id, "--results", results / OTHERS[game_id], "--keep-valid")
    recounts = {
        game_id: recount(SHIPPED[game_id], OTHERS_PACE, OTHERS_DRAWS, results / name)
        for game_id, name in OTHERS.items()
    }
    with connected(*where, "--limit", 1, log=data / "run") as client:
        yield Asked(data, client, recounts)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """A user's own small game: every outcome comes up often, match events fill many pages."""
    data = tmp_path_factory.mktemp("tiny")
    (data / "tiny.toml").write_text(TINY_TOML, encoding="utf-8")
    real: dict[date, Ticket] = {
        day: ((1 + day.day % 3, 4 + day.day % 3), (1 + day.day % 3,)) for day in TINY.dates(*TINY_SPAN)
    }
    rows = [f"{day},{main[0]} {main[1]},{bonus[0]}" for day, (main, bonus) in real.items()]
    (data / "real.csv").write_text("draw_date,main,bonus\n" + "\n".join(rows) + "\n", encoding="utf-8")
    where = ("--mode", "test", "--data-dir", data, "--game", data / "tiny.toml")
    done("ingest", *where, "--results", data / "real.csv")
    done("simulate", *where, "--draws", TINY_DRAWS, "--draws-per-day", TINY_PACE)
    made = make_all(TINY, TINY.since, TINY_PACE, TINY_DRAWS)
    with connected("--mode", "test", "--data-dir", data, "--limit", 1, log=data / "run") as client:
        yield Asked(data, client, {"TINY_1": Recount(TINY, made, real)})


TINY_SPAN = (date(2020, 1, 3), date(2020, 2, 20))
