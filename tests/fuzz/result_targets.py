"""Publishers' files: what the reader of real results makes of bytes."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from random import Random

import attrs

from tests.fuzz.mutating import mutated
from tests.fuzz.target import Target, accepted
from tests.universe.results.test_properties import DATES, GAMES, TODAY, WRITERS, check
from universe.game import Game
from universe.results.formats import FORMATS, count_rows, detect_format
from universe.results.reading import read_pages
from universe.results.result import RealResult

SAMPLES_EACH = 12
FILE_BYTES_MAX = 20_000
PLACEHOLDERS = (b"00 00 00 00 00 00", b"-", b"TBD")


@attrs.frozen(kw_only=True)
class Pages:
    """What one feed sent, and as what it is to be read."""

    game_id: str
    format_name: str | None
    pages: Sequence[bytes]


def result_targets(samples: Path | None) -> Iterator[Target]:
    """Yield one target a format. Real files are samples too, where a folder of them is given."""
    by_format = {name: [*made_samples(name), *_files(samples, name)] for name in FORMATS}
    everything = [sample for found in by_format.values() for sample in found] + list(PLACEHOLDERS)
    for name in FORMATS:
        yield _target(name, by_format[name], everything)


def _target(name: str, samples: Sequence[bytes], everything: Sequence[bytes]) -> Target:
    def make(dice: Random) -> Pages:
        count = dice.choice((1, 1, 1, 1, 2, 3))
        return Pages(
            game_id=dice.choice(sorted(GAMES)),
            format_name=dice.choice((None, None, name, name, dice.choice(list(FORMATS)))),
            pages=[mutated(dice, dice.choice(samples), everything) for _ in range(count)],
        )

    return Target(name=f"results.{name}", make=make, attempt=read_feed)


def read_feed(feed: Pages) -> bool:
    """Whether the pages are read; every row of theirs is counted, and every result is one the game can have."""
    for page in feed.pages:
        accepted(lambda page=page: detect_format(page))  # type: ignore[misc]
        accepted(lambda page=page: count_rows(page, feed.format_name))  # type: ignore[misc]
    return accepted(lambda: _read(GAMES[feed.game_id], feed))


def _read(game: Game, feed: Pages) -> None:
    reading = read_pages(game, feed.pages, format_name=feed.format_name, today=TODAY)
    check(game, reading)
    assert all(len(row.reason) < 2_000 for row in reading.invalid)


def made_samples(name: str) -> list[bytes]:
    """Return files of a format as a publisher writes them, with synthetic results of every game."""
    dice = Random(name)
    games = [game for game in GAMES.values() if game.bonus_picked or name != "fdj-csv"]
    return [_sample(dice, name, dice.choice(games)) for _ in range(SAMPLES_EACH)]


def _sample(dice: Random, name: str, game: Game) -> bytes:
    days = sorted(dice.sample(DATES[game.game_id], dice.choice((1, 3, 30))))
    return WRITERS[name](game, [_result(dice, game, day) for day in days]).encode()


def _result(dice: Random, game: Game, day: date) -> RealResult:
    main = dice.sample(range(1, game.main.size + 1), game.main.picked)
    left = set(range(1, game.bonus_size + 1)) - (set(main) if game.bonus_from_rest else set())
    bonus = dice.sample(sorted(left), game.bonus_picked)
    return RealResult(draw_date=day, main_numbers=tuple(sorted(main)), bonus_numbers=tuple(sorted(bonus)))


def _files(folder: Path | None, name: str) -> list[bytes]:
    paths = sorted(folder.rglob("*")) if folder else []
    beginnings = [path.read_bytes()[:FILE_BYTES_MAX] for path in paths if path.is_file()]
    return [beginning for beginning in beginnings if detect_format(beginning) == name]
