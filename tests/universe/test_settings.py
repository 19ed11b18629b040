"""The configuration file: what it may say, and what is told to a person who says something else."""

from datetime import time
from pathlib import Path

import pytest

from universe.errors import SettingsError
from universe.settings import FeedSettings, HttpSettings, Settings, UniverseSettings, settings_from_toml

WHOLE = """
[universe]
logical_day_seconds = 3600
raw_draws = "off"

[http]
requests_per_second = 20
sessions = 3

[game.GAME_001]
source = "https://example.org/{page}"
format = "csv"
timezone = "America/Los_Angeles"
results_after = 20:15:00

[game."my.game"]
results_after = "09:30"
"""


def read(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "universe.toml"
    path.write_text(text, encoding="utf-8")
    return settings_from_toml(path)


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    settings = read(tmp_path, WHOLE)
    assert settings.universe == UniverseSettings(logical_day_seconds=3600.0, raw_draws="off")
    assert settings.http == HttpSettings(requests_per_second=20, requests_burst=200, requests_at_once=256, sessions=3)
    assert settings.feed("GAME_001") == FeedSettings(
        source="https://example.org/{page}",
        format="csv",
        timezone="America/Los_Angeles",
        results_after=time(20, 15),
    )
    assert settings.feed("my.game") == FeedSettings(results_after=time(9, 30))


def test_an_empty_file_says_what_no_file_says(tmp_path: Path) -> None:
    assert read(tmp_path, "") == Settings()
    assert Settings().universe == UniverseSettings(logical_day_seconds=86_400.0, raw_draws="keep")
    assert Settings().feed("GAME_001").source is None


FAULTS = [
    ("colour = 1", "config: unknown key colour"),
    ("[univers]", "config: unknown key univers"),
    ("[universe]\npace = 1", "config.universe: unknown key pace"),
    ("[universe]\nlogical_day_seconds = 0.5", "config.universe: 'logical_day_seconds' must be >= 1.0: 0.5"),
    ("[universe]\nlogical_day_seconds = nan", "config.universe: 'logical_day_seconds' must be >= 1.0: nan"),
    ("[universe]\nlogical_day_seconds = true", "config.universe.logical_day_seconds: True is not a number"),
    ("[universe]\nlogical_day_seconds = '1'", "config.universe.logical_day_seconds: '1' is not a number"),
    ("[universe]\nraw_draws = 'no'", "config.universe.raw_draws: 'no' is not one of keep, off"),
    ("[universe]\nraw_draws = false", "config.universe.raw_draws: 'False' is not one of keep, off"),
    ("[game.A]\nsource = 5", "config.game['A'].source: 5 is not a text"),
    ("[game.A]\nurl = 'x'", "config.game['A']: unknown key url"),
    ("[game.A]\ntimezone = 'Mars'", "config.game['A']: 'Mars' is not a time zone such as America/Los_Angeles"),
    ("[game.A]\ntimezone = ''", "'' is not a time zone"),
    ("[game.A]\ntimezone = '../etc/passwd'", "'../etc/passwd' is not a time zone"),
    ("[game.A]\nresults_after = '25:00'", "config.game['A'].results_after: "),
    ("[game.A]\nresults_after = 20", "config.game['A'].results_after: 20 is not a local time of day such as 20:00"),
    ("[game.A", "Expected ']'"),
    ("[game.A]\n[game.A]", "twice"),
    ("a = " + "[" * 100_000, "nested too deeply"),
    ("a = " + "9" * 5_000, "5000 digits"),
    ('["a\\nb"]', r"config: unknown key a\nb"),
    (f"[game.A]\ntimezone = '{'x' * 100_000}'", f"config.game['A']: '{'x' * 159}…"),
]


@pytest.mark.parametrize(("text", "words"), FAULTS, ids=[words[:60] for _, words in FAULTS])
def test_a_fault_is_named_with_file_and_place(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path / 'universe.toml'}: ")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_all_faults_come_in_one_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, "[universe]\nraw_draws = 1\n[game.A]\nsource = 1\ncolour = 2\n[game.B]\nformat = 3")
    for place in ("config.universe.raw_draws", "config.game['A'].source", "unknown key colour", "config.game['B']"):
        assert place in str(caught.value)


@pytest.mark.parametrize(("content", "words"), [(None, "No such file or directory"), (b"\xff\xfe", "utf-8")])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "universe.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        settings_from_toml(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert words in str(caught.value)


def test_an_endless_logical_day_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        read(tmp_path, "[universe]\nlogical_day_seconds = inf")


def test_a_time_of_day_with_an_offset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        read(tmp_path, "[game.A]\nresults_after = '20:00+02:00'")


@pytest.mark.parametrize(
    "text",
    [
        "universe = 5",
        "[game]\nA = 5",
        "game = 5",
    ],
)
def test_a_value_where_a_table_belongs_is_told_in_a_persons_words(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text)
    assert "iterable" not in str(caught.value)
    assert "attribute" not in str(caught.value)


@pytest.mark.parametrize("value", ["0", "true", "1.5", '"100"', "1_000_000"])
def test_what_a_client_may_use_is_a_count(tmp_path: Path, value: str) -> None:
    with pytest.raises(SettingsError, match=r"config\.http"):
        read(tmp_path, f"[http]\nrequests_per_second = {value}")
