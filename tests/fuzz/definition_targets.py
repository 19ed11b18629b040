"""A user's own files and words: game definitions, settings, and what is typed on the command line."""

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import click

from ops.options import DATE, DRAW_NUMBER
from tests.fuzz.mutating import DATES, NUMBERS, mutated
from tests.fuzz.target import Target, accepted
from tests.fuzz.values import odd_text, odd_value, with_faults
from tests.universe.results.test_properties import TODAY
from universe.calendar import DATE_MAX, LogicalClock, draw_dates, first_draw_date, last_draw_date, require_draw_date
from universe.catalogue import SHIPPED_FOLDER, find_game, shipped_games
from universe.definition import (
    definition_digest,
    definition_toml,
    game_from_data,
    game_from_json,
    game_from_toml,
    game_to_data,
    game_to_json,
)
from universe.errors import UniverseError
from universe.game import WEEKDAYS, Game
from universe.ranking import rank_of, unrank
from universe.results.reading import read_results
from universe.settings import settings_from_toml

GAMES = shipped_games()
MOVED: dict[str, Any] = {
    "id": "MOVED",
    "since": "1999-12-01",
    "main": {"picked": 2, "size": 9},
    "bonus": {"picked": 2, "rest_of_drum": True},
    "schedule": [{"from": "1999-12-01", "days": ["Sat"]}, {"from": "2001-01-01", "days": ["Mon", "Fri"]}],
    "moved": [{"scheduled": "1999-12-25", "held": "1999-12-24"}],
}
STRUCTURES = [MOVED, *(json.loads(game_to_json(game)) for game in GAMES.values())]
TOML_GAMES = [
    *(path.read_bytes() for path in sorted(SHIPPED_FOLDER.glob("*.toml"))),
    definition_toml(game_from_data(MOVED, source="sample")).encode(),
]
TOML_SETTINGS = [
    b'[universe]\nlogical_day_seconds = 3600\nraw_draws = "off"\n',
    b'[game.GAME_001]\nsource = "https://example.org/{page}"\nformat = "csv"\ntimezone = "America/Los_Angeles"\n',
    b'[game."my.game"]\nresults_after = "09:30"\n\n[game.GAME_002]\nresults_after = 20:15:00\n',
]
EDGE_DATES = (date.min, date(1900, 1, 1), date(2024, 2, 29), DATE_MAX, date.max)
RESULTS = "draw_date,main,bonus\n2024-02-28,1 2 3 4 5,6\n1999-12-24,1 2,3 4\n9999-12-31,1,2\n0001-01-01,1,\n"
DRAWS_PER_DAY = 1_000
TYPED_BYTES_MAX = 400


def definition_targets(folder: Path) -> Iterator[Target]:
    """Yield the targets; files are written to ``folder``."""
    everything = [*TOML_GAMES, *TOML_SETTINGS]
    file = folder / "hostile.toml"
    canonical = [json.dumps(data).encode() for data in STRUCTURES]

    def of_bytes(samples: list[bytes]) -> Any:
        return lambda dice: mutated(dice, dice.choice(samples), everything)

    def settings_accepted(data: bytes) -> bool:
        file.write_bytes(data)
        return accepted(lambda: settings_from_toml(file).feed("GAME_001"))

    def game_file_accepted(data: bytes) -> bool:
        file.write_bytes(data)
        return accepted(lambda: use(game_from_toml(file)))

    yield Target(name="definition.toml", make=of_bytes(TOML_GAMES), attempt=game_file_accepted)
    yield Target(name="definition.data", make=_structure, attempt=lambda data: accepted(lambda: _use_data(data)))
    yield Target(
        name="definition.json",
        make=lambda dice: of_bytes(canonical)(dice).decode("utf-8", "surrogateescape"),
        attempt=lambda text: accepted(lambda: use(game_from_json(text))),
    )
    yield Target(name="settings.toml", make=of_bytes(TOML_SETTINGS), attempt=settings_accepted)
    yield Target(name="command.date", make=_typed_date, attempt=_date_accepted)
    yield Target(name="command.draw_number", make=_typed_number, attempt=_number_accepted)
    yield Target(name="command.game", make=_typed_game, attempt=lambda name: accepted(lambda: find_game(name, GAMES)))


def use(game: Game) -> None:
    """Do with a game what everybody does: keep it, ask its calendar, make and read draws."""
    again = game_from_json(game_to_json(game))
    assert again == game
    assert definition_digest(again) == definition_digest(game)
    for day in (*EDGE_DATES, game.since):
        with suppress(UniverseError):
            require_draw_date(game, day)
        last_draw_date(game, day)
    first = first_draw_date(game, game.since)
    assert list(draw_dates(game, first, first)) == [first]
    clock = LogicalClock(game=game, epoch=game.since, draws_per_day=DRAWS_PER_DAY)
    assert 1 in clock.draws_of_date(clock.draw_date(1))
    assert clock.last_draw_until(first) >= DRAWS_PER_DAY
    for rank in (0, game.outcomes - 1):
        assert rank_of(game, *unrank(game, rank)) == rank
    read_results(game, RESULTS, today=TODAY)


def _use_data(data: Any) -> None:
    game = game_from_data(data, source="data")
    game_to_data(game)
    use(game)


def _structure(dice: Random) -> Any:
    chance = dice.random()
    if chance < 0.02:
        return odd_value(dice)
    return _plausible(dice) if chance < 0.5 else with_faults(dice, dice.choice(STRUCTURES))


def _plausible(dice: Random) -> dict[str, Any]:
    """Return a definition whose values are each of the right kind; together they may contradict each other."""
    picked, days = dice.choice((1, 2, 5, 20, dice.randint(1, 21))), [_day(dice) for _ in range(dice.randint(1, 4))]
    size = picked + dice.choice((-1, 0, 1, 5, 40, dice.randint(0, 250)))
    bonus = {"picked": dice.randint(1, 4), **dice.choice(({"rest_of_drum": True}, {"size": dice.randint(1, 30)}))}
    weekdays = [dice.sample(WEEKDAYS, dice.randint(1, 7)) for _ in days]
    return {
        "id": dice.choice(("X", ".", "..", "a-b.c", "-" * 32)),
        "since": min(days),
        "main": {"picked": picked, "size": size},
        "bonus": dice.choice((None, bonus)),
        "schedule": [{"from": day, "days": names} for day, names in zip(sorted(set(days)), weekdays, strict=False)],
        "moved": [{"scheduled": _day(dice), "held": _day(dice)} for _ in range(dice.choice((0, 0, 1, 3)))],
    }


def _day(dice: Random) -> str:
    """Return a date close to an edge of the calendar, or close to today."""
    near = dice.choice((date(1900, 1, 1), DATE_MAX, date(2024, 2, 26))).toordinal() + dice.randint(-5, 20)
    return date.fromordinal(min(near, date.max.toordinal())).isoformat()


def _typed_date(dice: Random) -> str:
    return _typed(dice, [*DATES, b"2026-11-21", b"today"])


def _typed_number(dice: Random) -> str:
    return _typed(dice, [*NUMBERS, b"17"])


def _typed(dice: Random, samples: list[bytes]) -> str:
    typed = mutated(dice, dice.choice(samples), samples)[:TYPED_BYTES_MAX]
    return typed.decode("utf-8", "surrogateescape")


def _typed_game(dice: Random) -> str:
    return dice.choice((odd_text(dice), f"{odd_text(dice)}.toml", "GAME_001", "no/such/file.toml"))


def _date_accepted(text: str) -> bool:
    return accepted(lambda: DATE(text), click.BadParameter)


def _number_accepted(text: str) -> bool:
    return accepted(lambda: DRAW_NUMBER(text), click.BadParameter)
