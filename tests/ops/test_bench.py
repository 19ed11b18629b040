"""The benchmark: it works, and says what it says it says. What it finds is for a quiet machine, not for a test."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ops import bench_parts, bench_statistics, bench_universes
from ops.bench_answers import Incoming
from ops.bench_child import finished
from ops.bench_draws import bench_clock, make_results
from ops.bench_growth import Commit, line, memory, pace
from ops.bench_machine import cpu_model
from ops.bench_measure import BenchmarkError, Timing, in_turns, nanoseconds, times
from ops.bench_parts import GAMES
from ops.bench_process import usage
from ops.bench_reference import Counts, draw_plainly, hashed_rows, sampled_rows
from ops.bench_run import observe
from ops.bench_scale import DEFAULT, FULL, PARTS, QUICK, Scale
from ops.bench_served import _pace, missed
from ops.bench_tables import print_benchmark, shown
from ops.bench_universes import Universes
from ops.main import run_command
from tests.oracle import oracle_draws
from tools.server import QUESTIONS
from universe import compiled
from universe.catalogue import shipped_games
from universe.merkle import block_roots
from universe.seed import ranks_of_draws

GAME = shipped_games()["GAME_001"]
PER_DAY = 227_500  # draws, in production


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """One quick run of everything, in a process of its own, as a person starts it."""
    done = subprocess.run(
        [sys.executable, "-m", "ops.bench", "--quick", "--json"], capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


# What a quick run says.


def test_the_document_holds_every_part(document: dict[str, Any]) -> None:
    assert list(document) == ["machine", "scale", *PARTS, "skipped", "seconds"]
    assert document["machine"]["cpus"] == os.cpu_count()
    assert {"cpu", "python", "numpy", "numba", "sqlite", "load_average", "kernels"} <= document["machine"].keys()
    assert document["skipped"] == []
    assert document["pace"] is None


def test_every_game_stands_beside_sha256_and_plain_python(document: dict[str, Any]) -> None:
    assert tuple(document["generation"]) == tuple(document["counting"]) == tuple(document["stages"]) == GAMES
    for one in document["generation"].values():
        assert one["plain_ns"] > 0
        assert one["python_ns"] > 0
        assert one["sha256_blocks_per_second"] > 0
        assert (one["kernel_ns"] is not None) == (document["machine"]["kernels"] == "ready")
    for one in document["counting"].values():
        assert one["count_plain_ns"] > 0
        assert one["compare_plain_ns"] > 0
    assert all(figure > 0 for one in document["stages"].values() for figure in one.values())


def test_statistics_and_proofs_stand_beside_the_draws_they_are_of(document: dict[str, Any]) -> None:
    part, compiled = document["statistics"], document["machine"]["kernels"] == "ready"
    for name in ("tally", "leaf"):
        assert part[f"{name}_plain_ns"] > 0
        assert part[f"{name}_to_draw"] > 0
        assert (part[f"{name}_kernel_to_plain"] is not None) == (part[f"{name}_kernel_ns"] is not None) == compiled
    assert part["histories_per_second"] > 0
    assert part["leaves_per_second"] > 0


def test_a_benchmark_of_other_tallies_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels that count or hash otherwise are no faster: they are wrong."""
    ranks = ranks_of_draws(bench_clock(GAME), 1, 20_000)
    frame = bench_statistics._frame(GAME, ranks)
    bench_statistics._require_the_same(frame, ranks)
    once = iter([True])
    monkeypatch.setattr(
        bench_statistics, "block_roots", lambda part: block_roots(part[::-1] if next(once, False) else part)
    )
    with pytest.raises(BenchmarkError, match="GAME_001: kernels and the plain path tally or hash differently"):
        bench_statistics._require_the_same(frame, ranks)


def test_every_process_stands_beside_its_references(document: dict[str, Any]) -> None:
    part = document["pipeline"]
    assert set(part["references"]) == {
        "hashlib_and_rows_per_second",
        "random_sample_and_rows_per_second",
        "bare_ranks_per_second",
    }
    assert [(run["games"], run["path"], run["results"]) for run in part["runs"]] == [
        (["GAME_001"], "numpy", False),
        (["GAME_001"], "default", False),
        (["GAME_001"], "default", True),
        (["GAME_002", "GAME_003"], "default", False),
    ]
    for run in part["runs"]:
        assert run["draws_per_second"] < run["draws_per_second_inside"]
        assert run["to_hashlib_and_rows"] > 0
        assert run["to_random_sample_and_rows"] > 0
        assert run["to_bare_ranks"] > 0
        assert run["bytes_per_draw"] > 1
        assert run["rss_max_mb"] > 10
    assert part["runs"][-1]["to_one_game"] > 0


def test_growth_tells_memory_over_time(document: dict[str, Any]) -> None:
    assert document["growth"]["draws"] == QUICK.growth_draws
    assert document["growth"]["commits"] >= 1
    for seconds, draws, megabytes in document["growth"]["rss"]["samples"]:
        assert seconds >= 0
        assert 0 <= draws <= QUICK.growth_draws
        assert megabytes > 0


def test_every_tool_is_timed_at_rest_and_beside_the_actors(document: dict[str, Any]) -> None:
    names = {"event_loop", *(question.name for question in QUESTIONS if not question.heavy)}
    (size,) = document["tools"]["sizes"]
    assert set(size["idle"]) == set(size["busy"]) == set(document["tools"]["growth"]) == names
    for state in ("idle", "busy"):
        assert all(0 < one["p50_ms"] <= one["p99_ms"] and one["calls"] >= 10 for one in size[state].values())


def test_every_tool_is_served_beside_an_empty_one(document: dict[str, Any]) -> None:
    part = document["served"]
    assert set(part["answers"]) == set(part["floods"]) == {"stdio", "http", "http_session"}
    for tools in part["answers"].values():
        assert set(tools) == {"empty", *(question.name for question in QUESTIONS if not question.heavy)}
        assert tools["empty"]["to_empty"] == 1.0
        assert all(0 < one["p50_ms"] <= one["p99_ms"] and one["calls"] == 3 for one in tools.values())
    assert all(one["latest_to_empty"] > 0 for one in part["floods"].values())
    assert set(part["pace_under_floods"]) == {"stdio", "http"}
    assert part["verified_draws"] >= 2 * part["draws"]


def test_small_processes_and_verifying_are_timed(document: dict[str, Any]) -> None:
    assert document["start_up"]["first_answer"]["first_answer_seconds"] > 0
    assert document["start_up"]["dry_run"] | {"seconds": 0} == {"draws": 10_000, "repeats": 1, "seconds": 0}
    assert document["start_up"]["kernel_load"] is None
    assert document["verify"]["draws"] == QUICK.verify_draws
    assert document["verify"]["seconds"] > 0


def test_the_tables_hold_every_part(document: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    print_benchmark(document | {"skipped": ["verify: needs 9.0 GB of disk, 1.0 GB are free"]})
    out = capsys.readouterr().out
    for name in (*GAMES, *document["tools"]["growth"], "commit_ns", "to_hashlib_and_rows", "first_answer", "rss_line"):
        assert name in out
    assert "samples" not in out
    assert "skipped: verify: needs 9.0 GB" in out
    assert [shown(value) for value in (1234, True, None, ["a", 1000])] == ["1,234", "yes", "-", "a 1,000"]


# What a served universe must not have suffered.


def flooded(ratio: float) -> dict[str, Any]:
    return {"stdio": {"latest_to_empty": ratio}}


def answered(latest: float, other: float) -> dict[str, Any]:
    return {"stdio": {"get_latest_draws": {"to_empty": latest}, "verify_draw": {"to_empty": other}}}


def test_aims_that_are_missed_are_said() -> None:
    kept, lost = ({"http": {"kept": kept, "draws": 1, "draws_due": 30.0}} for kept in (True, False))
    assert missed(answered(1.5, 3.5), flooded(0.6), kept) == []
    assert missed(answered(1.6, 3.6), flooded(0.5), lost) == [
        "stdio get_latest_draws: 1.6 times an empty answer, at most 1.5",
        "stdio verify_draw: 3.6 times an empty answer, at most 3.5",
        "stdio flood: 0.5 of the empty tool's rate, at least 0.6",
        "http pace: 1 draws, 30.0 were due",
    ]


def test_a_pace_may_be_off_by_a_commit_or_a_percent() -> None:
    """In 60 s 158 draws are due, 13 a commit."""
    commits = [(100.0 + 5 * n, 13) for n in range(13)]
    assert _pace(commits, 102.0, 162.0) == {
        "seconds": 60.0, "draws": 156, "draws_due": 158.0, "longest_pause_seconds": 5.0, "kept": True,
    }  # fmt: skip  # one row
    late = _pace(commits[:10], 102.0, 162.0)
    assert (late["draws"], late["longest_pause_seconds"], late["kept"]) == (117, 17.0, False)


def test_answers_are_cut_out_of_what_comes() -> None:
    whole = b'HTTP/1.1 200 \r\ncontent-length: 7\r\nmcp-session-id: abc\r\n\r\n{"a":1}'
    chunks = (
        b"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n"
        b'24\r\nevent: message\r\nid: 10\r\n\r\ndata: {"b":2}\r\n\r\n\r\n0\r\n\r\n'
    )
    incoming = Incoming()
    incoming.feed(whole + chunks + whole[:-1])
    first, second = incoming.answer(), incoming.answer()
    assert first is not None
    assert second is not None
    assert (first.status, first.session, first.message()) == (200, "abc", {"a": 1})
    assert (second.session, second.message()) == (None, {"b": 2})
    assert incoming.answer() is None


def test_events_come_as_they_are_whole() -> None:
    incoming = Incoming()
    incoming.feed(b'HTTP/1.1 200 \r\nx: y\r\n\r\n1b\r\nevent: message\r\ndata: {"b"')
    assert incoming.head() == b"HTTP/1.1 200 \r\nx: y"
    assert incoming.events() == []
    incoming.feed(b":2}\r\n\r\n\r\n5\r\n: ping\r\n")
    assert incoming.events() == [b'{"b":2}']
    assert incoming.events() == []


# The references make what we make.


@pytest.mark.parametrize("game_id", GAMES)
def test_the_reference_makes_the_same_draws(game_id: str) -> None:
    """Otherwise the ratio would compare two different things. These draws fall on two days."""
    game = shipped_games()[game_id]
    first, last = PER_DAY - 2, PER_DAY + 3
    expected = oracle_draws(game, game.since, PER_DAY, last, first)
    counts = Counts()
    rows = list(hashed_rows(bench_clock(game), first, last, counts))
    assert [(number, day, main, bonus) for number, day, _, main, bonus in rows] == [
        (draw.number, str(draw.draw_date), " ".join(map(str, draw.main)), " ".join(map(str, draw.bonus)))
        for draw in expected
    ]
    assert counts.total() == 6 * game.picks
    assert draw_plainly(bench_clock(game), first, last) == ranks_of_draws(bench_clock(game), first, last).tolist()


@pytest.mark.parametrize("game_id", GAMES)
def test_the_sampled_reference_draws_by_the_games_rules(game_id: str) -> None:
    game, counts = shipped_games()[game_id], Counts()
    for number, (drawn, _, _, main, bonus) in enumerate(sampled_rows(bench_clock(game), 1, 20, counts), start=1):
        numbers = [int(one) for one in main.split()]
        assert drawn == number
        assert len(set(numbers)) == game.main.picked
        assert max(numbers) <= game.main.size
        assert not (game.bonus_from_rest and set(map(int, bonus.split())) & set(numbers))
    assert counts.total() == 20 * game.picks


def test_every_date_of_the_draws_has_a_result() -> None:
    """So that comparing is part of what is measured."""
    clock = bench_clock(GAME)
    days = {result.draw_date for result in make_results(clock, 3_000_000).results}
    assert days >= {clock.draw_date(number) for number in range(1, 3_000_001, 1_000)}


# How figures are made.


def test_tasks_take_turns() -> None:
    done = list[str]()
    timed = in_turns(2, {"a": lambda: done.append("a"), "b": lambda: done.append("b")})
    assert done == ["a", "b", "a", "b"]
    assert len(timed["a"].seconds) == 2


def test_figures_have_three_digits() -> None:
    assert Timing((1.0, 4.0, 2.0)).median == 2.0
    assert Timing((1.0, 4.0, 2.0)).spread == 1.5
    assert Timing((1.0,)).spread is None
    assert times(2.0, 3.0) == 0.667
    assert times(2.0, 0.0) == 0.0
    assert nanoseconds(1.23456, 1_000_000) == 1_230.0


def test_a_pace_that_falls_is_not_flat() -> None:
    """Each commit holds 1,000 draws; the later ones take twice as long. First and last are no pace."""
    ends = [1.0 * n for n in range(1, 25)] + [24.0 + 2.0 * n for n in range(1, 25)]
    commits = [Commit(at, 1_000, 0.5, 1_000 * (n + 1)) for n, at in enumerate(ends)]
    told = pace(commits)
    assert (told["early_draws_per_second"], told["late_draws_per_second"]) == (1_000, 500)
    assert (told["compared_commits"], told["late_to_early"], told["pace_flat"]) == (10, 0.5, False)
    assert pace(commits[:20])["pace_flat"]
    assert pace(commits[:2])["late_to_early"] is None


def test_memory_that_grows_is_not_flat() -> None:
    """A commit a second after the tenth, and a sample between any two; before the first commit nothing is kept."""
    commits = [Commit(10.0 + n, 1_000, 0.5, 1_000 * (n + 1)) for n in range(20)]
    flat = memory(commits, [(9.5 + n, 100_000_000) for n in range(21)])
    assert (flat["second_quarter_mb"], flat["last_quarter_mb"], flat["flat"]) == (100.0, 100.0, True)
    assert flat["samples"][:3] == [[0.0, 0, 100.0], [1.0, 1_000, 100.0], [2.0, 2_000, 100.0]]
    assert flat["samples"][-1] == [20.0, 20_000, 100.0]
    assert memory(commits, [(9.5 + n, 10_000_000 * (n + 1)) for n in range(21)])["flat"] is False
    assert memory(commits, [(9.5, 100_000_000)])["flat"] is None
    assert memory(commits[:8], [(9.5 + n, 100_000_000) for n in range(21)])["flat"] is None
    assert memory([], [])["samples"] == []


def test_a_line_rises_with_its_figures() -> None:
    assert line([1, 2, 3, 4, 5, 6, 7, 8]) == "▂▃▄▅▆▇██"
    assert line([]) == ""
    assert line([0.0, 0.0]) == "▁▁"
    assert len(line(list(range(1, 1_000)))) == 60


# Processes under observation.


def test_a_process_tells_what_it_uses() -> None:
    told = finished()
    assert told["rss_max_bytes"] > 10_000_000
    assert told["cpu_seconds"] > 0
    if not Path("/proc/self/io").exists():
        pytest.skip("needs /proc")
    seen = usage(os.getpid())
    assert seen.cpu_seconds > 0
    assert seen.rss_max_bytes > 10_000_000
    with pytest.raises(BenchmarkError, match="measured on Linux alone"):
        usage(2**30)


def test_a_processor_has_a_name() -> None:
    assert cpu_model() != ""


def test_an_observed_process_shows_time_memory_and_log(tmp_path: Path) -> None:
    words = ["run", "--mode", "test", "--data-dir", tmp_path / "data", "--limit", 100, "--transport", "none"]
    seen = observe(words, tmp_path / "printed", plain=True)
    assert seen.seconds > 0
    assert seen.cpu_seconds > 0
    assert seen.rss_max_bytes > 10_000_000
    assert "batch.committed" in {event["event"] for event in seen.events}


def test_a_program_that_fails_ends_the_benchmark(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match=r"universe status ended with 2: .*no universe here"):
        observe(["status", "--data-dir", tmp_path / "data"], tmp_path / "printed")


def test_what_does_not_fit_the_disk_is_skipped_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_universes, "ROOM_BYTES_MIN", 2**60)
    universes = Universes(tmp_path, None)
    assert universes.kept(GAME, 1_000) is None
    assert universes.kept(GAME, 1_000) is None
    (note,) = universes.skipped
    assert note.startswith("1,000 draws of GAME_001: needs 1152921504.6 GB of disk, ")


# The command.


@pytest.mark.parametrize(
    ("words", "scale", "only"),
    [
        ([], DEFAULT, ()),
        (["--quick"], QUICK, ()),
        (["--full", "--only", "tools", "--only", "verify"], FULL, ("tools", "verify")),
    ],
)
def test_options_choose_the_scale(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    scale: Scale,
    only: tuple[str, ...],
) -> None:
    asked = list[tuple[Scale, tuple[str, ...]]]()

    def note(asked_for: Scale, parts: tuple[str, ...], *_: Any) -> dict[str, Any]:
        asked.append((asked_for, parts))
        return {}

    monkeypatch.setattr(bench_parts, "run_benchmark", note)
    monkeypatch.setattr(compiled, "load_kernels", lambda: None)
    assert run_command(["bench", *words, "--json"]) == 0
    assert capsys.readouterr().out == "{}\n"
    assert asked == [(scale, only)]


@pytest.mark.parametrize("words", [["--pace-seconds", "-1"], ["--nonsense"], ["--quick", "--full"], ["--only", "luck"]])
def test_a_wrong_call_is_one_line(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert run_command(["bench", *words]) == 2
    assert capsys.readouterr().err.startswith("universe: ")


def test_one_part_alone_measures_nothing_else(tmp_path: Path) -> None:
    told = bench_parts.run_benchmark(QUICK, ("generation",), tmp_path)
    assert list(told) == ["machine", "scale", "generation", "skipped", "seconds"]
