"""``universe report`` as it is called, over small real universes."""

import os
from pathlib import Path

import attrs
import pytest

from ops.report import gathering
from ops.report.page import MARKER
from ops.report.writing import write_report
from storage.connection import Location
from tests.ops.calling import Call
from tests.ops.report.markup import tagged
from universe.draws import explained_draw
from universe.errors import SettingsError, UniverseError

TEST = ("--mode", "test")
RESULTS = 150


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A file of results of the first draw dates: other draws of the seed rule, each with an even share of luck."""
    from universe.calendar import draw_dates
    from universe.catalogue import shipped_games

    game = attrs.evolve(shipped_games()["GAME_001"], game_id="OTHER")
    lines, dates = ["draw_date,main,bonus"], draw_dates(game, game.since, game.since.replace(year=2002))
    for number, day in zip(range(1, RESULTS + 1), dates, strict=False):
        draw = explained_draw(game, day, number)
        lines.append(f"{day},{' '.join(map(str, draw.main_numbers))},{draw.bonus_numbers[0]}")
    file = tmp_path / "results.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


@pytest.fixture
def universe(call: Call, results: Path) -> Call:
    """A test universe with results and as many draws as a verdict needs."""
    assert call("ingest", *TEST, "--results", results).code == 0
    assert call("simulate", *TEST, "--draws", 120 * RESULTS).code == 0
    return call


@pytest.mark.usefixtures("no_pictures")
def test_a_report_of_a_universe(universe: Call, report_file: Path, data: Path) -> None:
    document = universe("report", *TEST, "--out", report_file, "--json").document
    assert document["file"] == str(report_file)
    assert document["bytes"] == report_file.stat().st_size
    assert (document["game_id"], document["draw_number"], document["real_results"]) == ("GAME_001", 18_000, RESULTS)
    assert document["floor"] == pytest.approx(1 / 121)
    assert document["floor"] <= document["global_p"] <= 1
    html = report_file.read_text(encoding="utf-8")
    wanted = "numbers chisquare tests gaps pairs matches stream evidence backtests changes provenance checking"
    assert [section.attributes["id"] for section in tagged(html, "section")] == wanted.split()
    (hand, all_of_it) = tagged(html, "pre")
    assert hand.text.startswith('G="GAME_001|')
    assert "universe proof --game GAME_001 --draw 18000" in all_of_it.text.splitlines()
    shown = universe("report", *TEST, "--out", report_file)
    assert shown.out.startswith(f"{report_file}: ")
    assert not list(report_file.parent.glob(".*.part"))
    assert (data / "test" / "universe.db").exists()


def test_what_is_gathered_agrees_with_what_others_say(
    universe: Call, data: Path, results: Path, tmp_path: Path
) -> None:
    """Every part of the data is told by somebody else, too; of a contradiction both sources are named."""
    other = tmp_path / "other.csv"
    other.write_text("draw_date,main,bonus\n2000-06-07,1 2 3 4 5,6\n", encoding="utf-8")
    assert universe("ingest", *TEST, "--results", other).code == 1
    found = gathering.gather(Location(data / "test" / "universe.db"), "test", None)
    (game,) = universe("status", *TEST, "--json").document["games"]
    assert found.synthetic is not None
    assert found.real is not None
    assert found.synthetic.draws == game["draw_number"]
    assert found.real.draws == game["real_results"]["count"]
    for counted in found.frequencies:
        assert counted.counts.sum() == counted.draws * counted.picked
    real = found.frequency("real", "main")
    lines = results.read_text(encoding="utf-8").splitlines()[1:]
    drawn = [int(number) for line in lines for number in line.split(",")[1].split()]
    assert real is not None
    assert real.counts.tolist() == [drawn.count(number) for number in range(1, 48)]
    assert found.matches is not None
    assert found.matches.compared[-1] == sum(found.matches.counts[-1])
    assert [seen.stream for seen in found.evidence] == ["real", "synthetic"]
    assert all(((seen.low <= seen.fair) & (seen.fair <= seen.high)).all() for seen in found.evidence)
    sources = [(source.name, source.rows, source.conflicts) for source in found.sources]
    assert sources == [(results.name, RESULTS, 0), (other.name, 0, 1)]
    (one,) = found.contradictions
    assert (one.offered, one.offered_source) == ("1 2 3 4 5 + 6", other.name)
    assert (one.stored, one.stored_source) != (one.offered, one.offered_source)
    check = found.checking
    assert check.results_logged == RESULTS
    assert check.draw_number == 18_000
    draw = universe("draw", "GAME_001", str(check.draw_date), check.draw_number, "--json").document
    assert check.numbers == f"{' '.join(map(str, draw['main_numbers']))} + {draw['bonus_number']}"


@pytest.mark.usefixtures("no_pictures")
def test_draws_alone_and_results_alone_have_pages(call: Call, results: Path, report_file: Path) -> None:
    call("simulate", *TEST, "--draws", 500)
    assert call("report", *TEST, "--out", report_file, "--json").document["real_results"] == 0
    assert "no real results" in report_file.read_text(encoding="utf-8")
    call("ingest", *TEST, "--game", "GAME_001", "--results", results)
    call("ingest", "--game", "GAME_001", "--results", results)
    document = call("report", "--out", report_file, "--json").document
    assert (document["draw_number"], document["global_p"]) == (0, None)
    assert "No verdict yet" in report_file.read_text(encoding="utf-8")


def test_what_cannot_be_reported_is_said_in_one_line(universe: Call, report_file: Path, tmp_path: Path) -> None:
    assert "no universe here" in universe("report", "--out", report_file).refusal
    assert "unknown game NONE" in universe("report", *TEST, "--game", "NONE", "--out", report_file).refusal
    assert "there is no directory" in universe("report", *TEST, "--out", tmp_path / "no" / "r.html").refusal
    assert "not a file" in universe("report", *TEST, "--out", tmp_path).refusal
    report_file.write_text("a letter to a friend", encoding="utf-8")
    assert "is no report" in universe("report", *TEST, "--out", report_file).refusal
    assert report_file.read_text(encoding="utf-8") == "a letter to a friend"


def test_a_page_is_whole_or_not_there(report_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_report(report_file, f"<!DOCTYPE html><meta content='{MARKER}'> old")

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(UniverseError, match="no room left"):
        write_report(report_file, "new")
    assert report_file.read_text(encoding="utf-8").endswith("old")
    assert [file.name for file in report_file.parent.iterdir()] == [report_file.name]
    report_file.write_text("", encoding="utf-8")  # of a crash of another program: nothing is lost
    monkeypatch.undo()
    write_report(report_file, MARKER)
    report_file.write_text("something else", encoding="utf-8")
    with pytest.raises(SettingsError, match="is no report"):
        write_report(report_file, MARKER)
