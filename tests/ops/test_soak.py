"""The soak itself: what it must notice. That the program passes it is tests/acceptance/test_soak_*.py."""

import json
import os
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import Any

import attrs
import pytest

from ops import soak, soak_kills
from ops.place import Place
from ops.soak_client import Client
from ops.soak_feed import GARBAGE, serving
from ops.soak_group import Group, group
from ops.soak_kills import Acknowledged
from ops.soak_lives import LIVES
from ops.soak_news import faults_of_news, news_of
from ops.soak_phases import doing
from ops.soak_process import Running, SoakError, document_of, moments, running, wait_until
from ops.soak_results import result_rows
from ops.soak_signals import CASES, Ends, _check_end
from ops.soak_streams import Poller
from ops.soak_subscribers import Use, _complaints, _growth_faults
from ops.soak_verdict import Held, allowed, glance, median, require_whole, worst
from ops.soak_week import Sample, _growth
from universe.catalogue import shipped_games

GAME = "GAME_001"


def ended(tmp_path: Path, code: int, out: str = "", err: str = "", word: str = "run") -> Running:
    """A process that has ended so."""
    process = subprocess.Popen([sys.executable, "-c", f"raise SystemExit({code})"])
    process.wait()
    (tmp_path / "out").write_text(out, encoding="utf-8")
    (tmp_path / "err").write_text(err, encoding="utf-8")
    return Running(words=(word,), process=process, out=tmp_path / "out", err=tmp_path / "err", started=0.0)


def event(name: str, **more: Any) -> str:
    return json.dumps({"event": name} | more) + "\n"


def status(draws: int, role: str = "follower") -> dict[str, Any]:
    content = {"universe": {"role": role, "universe_id": "one"}, "games": [{"draw_number": draws}]}
    return {"id": 2, "result": {"structuredContent": content}}


# What was told as committed must be there.


def test_a_lost_draw_is_noticed(tmp_path: Path) -> None:
    told = Acknowledged()
    told.hear(ended(tmp_path, 0, err=event("batch.committed", games={GAME: [1, 50]}) + '{"event": "batch.comm'))
    told.require(Held(draws={GAME: 50}, results={}))
    for held in (Held(draws={GAME: 49}, results={}), Held(draws={}, results={}), None):
        with pytest.raises(SoakError, match="draw 50 was told as committed"):
            told.require(held)


def test_a_broken_round_names_seed_and_round(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak_kills, "undisturbed", lambda *_: "the print")

    def broken(*_: Any) -> None:
        raise SoakError("lost")

    monkeypatch.setattr(soak_kills, "_round", broken)
    with pytest.raises(SoakError, match=r"seed 9, round 2 \(production\), after 0 kills: lost; kept in"):
        soak_kills.soak_kills(5, 9, tmp_path, lambda _: None, only=2)


@pytest.mark.parametrize(("code", "bad"), [(0, False), (2, True)])
def test_a_process_that_ends_badly_is_no_killed_one(tmp_path: Path, code: int, bad: bool) -> None:
    one, life = ended(tmp_path, code), LIVES[0]
    with pytest.raises(SoakError, match="ended with 2") if bad else nullcontext():
        soak_kills._wait_and_kill(life, moments(1, 1), soak_kills.Kills(1), one, None)


def test_a_damaged_universe_is_noticed(tmp_path: Path) -> None:
    place = Place(tmp_path, "test")
    assert glance(place) is None
    document_of("run", "--mode", "test", "--data-dir", tmp_path, "--limit", 500, folder=tmp_path / "logs")
    held = glance(place)
    assert held == Held(draws={GAME: 500}, results={GAME: 0})
    assert require_whole(place, tmp_path / "logs")["games"][0]["draw_number"] == 500
    with sqlite3.connect(place.database) as db:
        db.execute("UPDATE progress SET watermark = 499")
    db.close()
    with pytest.raises(SoakError, match="verify"):
        glance(place)


# Ends.


def test_a_good_end_is_good(tmp_path: Path) -> None:
    ends = Ends()
    _check_end(CASES[0], ended(tmp_path, 0, "{}\n", event("process.signalled")), ends)
    assert (ends.documents, ends.codes["run: 0"]) == (1, 1)


@pytest.mark.parametrize(
    ("code", "out", "err", "word"),
    [
        (1, "{}\n", "", "run"),
        (-15, "", "", "run"),
        (0, "", event("process.signalled"), "run"),
        (0, "{}\n", "Traceback (most recent call last):\n", "run"),
        (0, "{}\n", "\n", "run"),
        (3, "", "universe: interrupted before it began\n", "run"),
        (3, "", "", "ingest"),
        (0, "", "", "ingest"),
    ],
)
def test_a_bad_end_is_noticed(tmp_path: Path, code: int, out: str, err: str, word: str) -> None:
    (case, *_) = (case for case in CASES if case.words[0] == word)
    with pytest.raises(SoakError):
        _check_end(case, ended(tmp_path, code, out, err, word), Ends())


# Answers.


def test_an_answer_that_goes_back_is_noticed(tmp_path: Path) -> None:
    client = Client(ended(tmp_path, 0))
    client._note(status(10))
    assert (client.draws, client.role, client.universe_id) == (10, "follower", "one")
    with pytest.raises(SoakError, match="answers draw 9 after 10"):
        client._note(status(9))
    client._floor = 12
    with pytest.raises(SoakError, match="another had told 12"):
        client._note(status(11))
    with pytest.raises(SoakError, match="refused"):
        client._note({"id": 2, "error": {}})


def test_two_leaders_and_a_wrong_lock_are_noticed(tmp_path: Path) -> None:
    place = Place(tmp_path / "data", "test")
    with group(place, folder=tmp_path) as servers:
        clients = [Client(ended(tmp_path, 0), role=role) for role in ("leader", "follower", "leader")]
        servers.clients += clients[:2]
        assert servers.leaders() == clients[:1]
        with pytest.raises(SoakError, match="the lock names process None"):
            servers.require_lock_of(clients[0])
        servers.clients.append(clients[2])
        with pytest.raises(SoakError, match="two leaders"):
            servers.leaders()
        with pytest.raises(SoakError, match="ended by itself"):
            servers.turn()
        assert isinstance(servers, Group)
        servers.clients.clear()


# Processes.


def test_a_process_under_soak_is_seen_and_killed(tmp_path: Path) -> None:
    with running("run", "--mode", "test", "--data-dir", tmp_path / "data", "--rate", 100, folder=tmp_path) as one:
        assert doing(one).startswith("run: ")
        wait_until(lambda: bool(one.events("batch.committed")), 60, "a commit")
        assert "commit" in doing(one) or "universe.db" in doing(one)
        with pytest.raises(SoakError, match="still there"):
            one.wait(0.01)
        one.kill()
        assert one.process.returncode == -9
    with pytest.raises(SoakError, match=r"ended with 2: universe: .*no universe"):
        document_of("status", "--data-dir", tmp_path / "none", folder=tmp_path)
    with pytest.raises(SoakError, match="not within 0 s: rain"):
        wait_until(lambda: False, 0, "rain")


def test_moments_come_from_the_seed() -> None:
    assert moments(1, 2).random() == moments(1, 2).random()
    assert moments(1, 2).random() != moments(2, 1).random()


# The week.


def fetched(address: str) -> Any:
    return urllib.request.urlopen(address, timeout=10)  # noqa: S310  our own server


def test_a_feed_has_moods() -> None:
    with serving() as feed:
        feed.rows = ["2020-01-01,1 2,3"]
        with fetched(feed.source) as answer:
            assert answer.read() == b"draw_date,main,bonus\n2020-01-01,1 2,3\n"
        end = time.monotonic() + 5
        while not feed.served and time.monotonic() < end:  # noted once the last byte is sent
            time.sleep(0.001)
        assert feed.served == {"2020-01-01,1 2,3"}
        feed.rows, feed.mood = ["other"], "garbage"
        with fetched(feed.source) as answer:
            assert answer.read() == GARBAGE
        feed.mood = "down"
        with pytest.raises(urllib.error.HTTPError) as refused:
            fetched(feed.source)
        refused.value.close()
        assert (feed.asked, feed.served) == (3, {"2020-01-01,1 2,3"})


def test_made_up_results_are_of_draw_dates() -> None:
    rows = result_rows(shipped_games()[GAME], date(2016, 1, 6), 7)
    assert [row.split(",")[0] for row in rows] == ["2016-01-06", "2016-01-09", "2016-01-13"]


def test_growth_is_the_last_day_to_the_first() -> None:
    day = [Sample(rss_mb=100.0, handles=10, threads=4, log_mb=1.0)]
    grown = [attrs.evolve(day[0], rss_mb=150.0)]
    assert _growth([day, day, grown]) == {"rss_mb": 1.5, "handles": 1.0, "threads": 1.0}


def test_figures() -> None:
    assert (median([3.0, 1.0, 2.0]), median([]), worst([0.12345, 0.1]), worst([])) == (2.0, None, 0.123, None)


def test_a_busy_machine_is_given_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    for load, seconds in ((0.5, 2.0), (6.0, 6.0)):
        monkeypatch.setattr(os, "getloadavg", lambda load=load: (load, 0, 0))
        assert allowed(2.0) == seconds


# Subscribers.


def test_news_are_held_against_commits() -> None:
    """Two clients, three commits, the second and third told together; one hears a tenth of a second later."""
    everyone = [{"a": [10.5, 12.5]}, {"a": [10.6, 12.6]}]
    told = news_of(everyone, [10.0, 11.0, 12.0])
    assert (told["notifications"], told["each_least"], told["each_most"]) == (4, 2, 2)
    assert told["after_commit"] == {"count": 6, "p50_ms": 600.0, "p99_ms": 1_600.0, "worst_ms": 1_600.0}
    assert told["after_first"]["worst_ms"] == 100.0
    assert faults_of_news(everyone, [10.0, 11.0, 12.0]) == []


@pytest.mark.parametrize(
    ("heard", "fault"),
    [
        ([10.5, 11.5], "1 subscriptions were not told of the last commit"),
        ([], "1 subscriptions were not told of the last commit"),
        ([12.0, 12.5, 13.0], "1 subscriptions were told more than once a second"),
    ],
)
def test_a_subscriber_who_is_told_too_little_or_too_much_is_noticed(heard: list[float], fault: str) -> None:
    assert faults_of_news([{"a": heard}, {"a": [11.0, 12.5]}], [10.0, 12.0]) == [fault]
    assert faults_of_news([{"a": heard}], []) == ["nothing was committed"]


def test_a_server_that_swells_or_complains_is_noticed(tmp_path: Path) -> None:
    uses = [Use(100.0 + 50 * (n == 0), 10) for n in range(8)]
    assert _growth_faults("pollers", uses) == []
    assert _growth_faults("pollers", [*uses, Use(120.0, 10)]) == ["pollers: memory grew 1.20 times"]
    (fault,) = _complaints(ended(tmp_path, 0, err=event("tool.crashed", level="error") + event("fine", level="info")))
    assert fault.startswith("the log says tool.crashed")


def test_an_answer_that_tells_of_an_older_draw_is_noticed() -> None:
    def newest(number: int) -> dict[str, Any]:
        return {"result": {"structuredContent": {"snapshot": {"draw_number": number}}}}

    poller = Poller(0.0)
    poller._note(newest(5))
    with pytest.raises(SoakError, match="draw 4 after 5"):
        poller._note(newest(4))
    with pytest.raises(SoakError, match="refused"):
        poller._note({"error": {"code": -32603}})


# The command.


@pytest.mark.parametrize("kind", [kind for kind in soak.KINDS if kind not in {"week", "subscribers"}])
def test_the_command_hands_over_its_options(
    kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    import importlib

    asked = []

    def fake(count: int, seed: int, folder: Path, *_: Any) -> dict[str, Any]:
        asked.append((count, seed, folder))
        return {"soak": kind, "kills": 1_000}

    monkeypatch.setattr(importlib.import_module(f"ops.soak_{kind}"), f"soak_{kind}", fake)
    monkeypatch.setattr(
        sys, "argv", ["soak", kind, "--count", "3", "--seed", "4", "--data-dir", str(tmp_path), "--json"]
    )
    assert soak.main() == 0
    assert json.loads(capsys.readouterr().out)["soak"] == kind
    assert asked == [(3, 4, tmp_path)]
    monkeypatch.setattr(sys, "argv", ["soak", kind])
    assert soak.main() == 0
    assert "1,000" in capsys.readouterr().out


def test_a_broken_promise_is_one_line_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any) -> None:
        raise SoakError("seed 1, round 2: gone")

    monkeypatch.setattr(soak, "_soak", broken)
    monkeypatch.setattr(sys, "argv", ["soak", "week"])
    assert soak.main() == 1
    assert capsys.readouterr().err == "universe: seed 1, round 2: gone\n"
