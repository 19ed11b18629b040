"""Phase 1 and the rules around it: what is fixed when, what may differ later, and that a refusal changes nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Self

import pytest

from ops import prepare
from ops.options import Target
from ops.place import Mode, Place
from ops.prepare import Initialisation, Opened, locked, open_universe, stored_games
from storage.connection import Location
from storage.errors import LockedError
from storage.registry import Milestone
from universe.catalogue import shipped_games
from universe.errors import DefinitionError, SettingsError
from universe.settings import FeedSettings, Settings, UniverseSettings

GAME = shipped_games()["GAME_001"]
NO_WISHES = Initialisation()
OWN = """
id = "{}"
since = 2020-01-01
main = {{ picked = 2, size = {} }}
[[schedule]]
from = 2020-01-01
days = ["Wed"]
"""


def target_in(folder: Path, mode: Mode = "test", settings: Settings | None = None) -> Target:
    """A universe of this folder, its directory made."""
    place = Place(folder, mode)
    place.create()
    return Target(place=place, settings=settings or Settings())


@contextmanager
def opened(
    target: Target, *names: str, wishes: Initialisation = NO_WISHES, in_memory: bool = False
) -> Iterator[Opened]:
    """The universe as a command opens it, closed at the end."""
    found = open_universe(target, names, wishes, in_memory=in_memory)
    try:
        yield found
    finally:
        found.close()


@pytest.mark.parametrize(
    ("mode", "least", "most"),
    [("prod", 225_000, 230_000), ("test", 1, 1_000_000)],
)
def test_a_mode_allows_some_paces(mode: Mode, least: int, most: int) -> None:
    for allowed in (least, most, None):
        Initialisation(draws_per_day=allowed).check(mode)
    for refused in (least - 1, most + 1):
        with pytest.raises(SettingsError, match=f"--draws-per-day {refused}: {mode} allows {least:,} to {most:,}"):
            Initialisation(draws_per_day=refused).check(mode)


def test_defaults_of_a_mode() -> None:
    test = Initialisation().clock(GAME, "test")
    assert (test.epoch, test.draws_per_day) == (GAME.since, 1_000)
    prod = Initialisation().clock(GAME, "prod")
    assert prod.draws_per_day == 227_500
    assert abs(prod.epoch - datetime.now(UTC).date()) <= timedelta(days=1)


def test_a_milestone_is_a_count_a_date_or_both() -> None:
    day = date(2030, 1, 1)
    assert Initialisation().milestone == Milestone(max_draws=40_000_000)
    assert Initialisation(milestone_date=day).milestone == Milestone(until=day)
    assert Initialisation(max_draws=5).milestone == Milestone(max_draws=5)
    assert Initialisation(max_draws=5, milestone_date=day).milestone == Milestone(max_draws=5, until=day)


def test_opening_fixes_definitions_and_initialising_fixes_epoch_and_pace(tmp_path: Path) -> None:
    target = target_in(tmp_path)
    location = Location(target.place.database)
    with opened(target, "GAME_002", "GAME_001", wishes=Initialisation(draws_per_day=7)) as universe:
        assert [game.game_id for game in universe.games] == ["GAME_001", "GAME_002"]
        assert stored_games(location, "test")[1] == []
        universe.initialise(universe.games[0])
        universe.initialise(universe.games[0], limit_draws=9)  # after a restart: nothing fixed changes
        clock = universe.store.clock("GAME_001")
        assert clock is not None
        assert (clock.epoch, clock.draws_per_day) == (GAME.since, 7)
        assert universe.store.milestone("GAME_001") == Milestone(max_draws=40_000_000, limit_draws=9)
    assert stored_games(location, "test")[1] == ["GAME_001"]


def test_a_new_game_may_join_and_those_initialised_are_the_default(tmp_path: Path) -> None:
    target = target_in(tmp_path)
    for names in (["GAME_002"], ["GAME_005"]):
        with opened(target, *names) as universe:
            universe.initialise(universe.games[0])
    with opened(target) as universe:
        assert [game.game_id for game in universe.games] == ["GAME_002", "GAME_005"]
        assert universe.other_games() == []
    with opened(target, "GAME_005") as universe:
        assert universe.other_games() == ["GAME_002"]


WISHES = Initialisation(epoch=date(2020, 1, 1), draws_per_day=10, max_draws=100, milestone_date=date(2030, 1, 1))


def test_the_same_wishes_may_be_repeated(tmp_path: Path) -> None:
    target = target_in(tmp_path)
    for _ in range(2):
        with opened(target, wishes=WISHES) as universe:
            universe.initialise(universe.games[0])


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        (
            Initialisation(epoch=date(2020, 1, 2)),
            "--epoch 2020-01-02: GAME_001 was initialised with 2020-01-01; it is fixed",
        ),
        (Initialisation(draws_per_day=11), "--draws-per-day 11: GAME_001 was initialised with 10; it is fixed"),
        (
            Initialisation(max_draws=101),
            "--max-draws 101: GAME_001 was initialised with 100; `universe extend` changes it",
        ),
        (
            Initialisation(milestone_date=date(2031, 1, 1)),
            "was initialised with 2030-01-01; `universe extend` changes it",
        ),
    ],
)
def test_other_wishes_are_refused_later(tmp_path: Path, wishes: Initialisation, words: str) -> None:
    target = target_in(tmp_path)
    with opened(target, wishes=WISHES) as universe:
        universe.initialise(universe.games[0])
    with pytest.raises(SettingsError) as caught, opened(target, wishes=wishes):
        pass
    assert words in str(caught.value)


def test_a_wish_that_one_game_cannot_have_stops_all(tmp_path: Path) -> None:
    target = target_in(tmp_path)
    with opened(target, "GAME_001", wishes=Initialisation(draws_per_day=10)) as universe:
        universe.initialise(universe.games[0])
    wishes = Initialisation(draws_per_day=11)
    with pytest.raises(SettingsError, match="11: GAME_001"), opened(target, "GAME_001", "GAME_002", wishes=wishes):
        pass
    assert [game.game_id for game in stored_games(Location(target.place.database), "test")[0]] == ["GAME_001"]


def test_an_epoch_before_the_game_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(SettingsError, match="--epoch 2000-06-06: GAME_001 begins 2000-06-07"),
        opened(target_in(tmp_path), wishes=Initialisation(epoch=date(2000, 6, 6))),
    ):
        pass


@pytest.mark.parametrize("year", [1970, 9999])
def test_a_clock_that_is_far_off_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, year: int) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls(year, 1, 2, tzinfo=tz)

    monkeypatch.setattr(prepare, "datetime", Clock)
    with (
        pytest.raises(SettingsError, match=f"this machine's clock says {year}-01-02 .*: GAME_001"),
        opened(target_in(tmp_path, "prod")),
    ):
        pass


def test_a_refused_epoch_leaves_no_universe(tmp_path: Path) -> None:
    target = target_in(tmp_path)
    with pytest.raises(SettingsError), opened(target, wishes=Initialisation(epoch=date(2000, 6, 6))):
        pass
    assert not target.place.database.exists()


def test_a_refused_definition_registers_none_of_the_games(tmp_path: Path) -> None:
    """`open_universe` promises: UniverseError, nothing changed."""
    target = target_in(tmp_path)
    files = []
    for size in (9, 8):
        files.append(tmp_path / f"{size}.toml")
        files[-1].write_text(OWN.format("OWN", size), encoding="utf-8")
    with opened(target, str(files[0])):
        pass
    with (
        pytest.raises(DefinitionError, match="OWN: its definition is fixed"),
        opened(target, "GAME_001", str(files[1])),
    ):
        pass
    assert [game.game_id for game in stored_games(Location(target.place.database), "test")[0]] == ["OWN"]


def test_an_epoch_after_the_end_of_the_calendar_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(SettingsError),
        opened(target_in(tmp_path), wishes=Initialisation(epoch=date(9999, 1, 1))) as universe,
    ):
        universe.initialise(universe.games[0])


def test_raw_draws_are_kept_unless_switched_off(tmp_path: Path) -> None:
    with opened(target_in(tmp_path / "keep")) as universe:
        assert universe.store.keep_raw
    settings = Settings(universe=UniverseSettings(raw_draws="off"))
    with opened(target_in(tmp_path / "off", settings=settings)) as universe:
        assert not universe.store.keep_raw


def test_a_universe_in_memory_knows_nothing_of_the_directory(tmp_path: Path) -> None:
    """A dry run reads nothing: neither the universe there nor the user's own games."""
    target = target_in(tmp_path)
    with opened(target, "GAME_002") as universe:
        universe.initialise(universe.games[0])
    target.place.games.mkdir()
    (target.place.games / "broken.toml").write_text("no definition", encoding="utf-8")
    with opened(target, in_memory=True) as universe:
        assert [game.game_id for game in universe.games] == ["GAME_001"]
        assert universe.location.in_memory


def test_where_there_is_no_universe_no_games_are_stored(tmp_path: Path) -> None:
    assert stored_games(Location(None), "test") == ([], [])
    assert stored_games(Location(tmp_path / "none.db"), "test") == ([], [])


def test_the_lock_is_one_process_at_a_time(tmp_path: Path) -> None:
    target = Target(place=Place(tmp_path, "test"), settings=Settings())
    with locked(target, "simulate"), pytest.raises(LockedError, match=r"archive needs the universe for itself"):
        locked(target, "archive")
    with locked(target, "archive"):
        pass


def test_settings_for_a_game_that_nobody_knows_are_refused_and_nothing_is_made(tmp_path: Path) -> None:
    """A slip in a game's id must not leave its feed silently unused."""
    target = target_in(tmp_path, settings=Settings(game={"GAME_01": FeedSettings(source="results.csv")}))
    with pytest.raises(SettingsError, match=r"\[game\.GAME_01\]: unknown game; known are GAME_001"), opened(target):
        pass
    assert not target.place.database.exists()
