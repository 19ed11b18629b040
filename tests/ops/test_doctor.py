"""The doctor: whatever is wrong is found, said in a line with what to do about it, and nothing is changed."""

import contextlib
import json
import os
import resource
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ops import doctor
from ops.checks import configuration, database, directory, machine, packages, sources
from storage.connection import Location, open_writer, transaction
from storage.lock import LeaderLock
from tests.acceptance.program import ROOT, cold
from tests.feed_server import Answer, FeedServer, feed_server, unused_port
from tests.ops.calling import Call
from universe.calendar import last_draw_date
from universe.catalogue import shipped_games

TEST = ("--mode", "test")
GAME = shipped_games()["GAME_001"]
SECRET = "hunter2hunter2hunter2"  # noqa: S105  nobody's
Findings = dict[str, dict[str, str]]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without numba, whose import takes longer than all the rest; one test has it."""
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    monkeypatch.delenv("UNIVERSE_TOKENS", raising=False)


@pytest.fixture
def universe(call: Call, data: Path) -> Path:
    """A test universe with some draws, closed; its directory."""
    assert call("simulate", *TEST, "--draws", 1_000).code == 0
    return data / "test"


@pytest.fixture
def port() -> int:
    return unused_port()


def examined(call: Call, *words: object) -> Findings:
    """What the doctor finds in the test universe, by check."""
    called = call("doctor", *TEST, "--json", "--port", unused_port(), *words)
    assert "process.crashed" not in called.err
    document = json.loads(called.out)
    found: list[dict[str, str]] = document["checks"]
    assert all(list(one) == ["check", "status", "detail", "advice"] for one in found)
    assert all(bool(one["advice"]) == (one["status"] != "ok") for one in found), "who complains says what to do"
    assert not [one for one in found if "\n" in one["detail"] + one["advice"]]
    failed = any(one["status"] == "fail" for one in found)
    assert document["ok"] is not failed
    assert called.code == int(failed)
    return {one["check"]: one for one in found}


def bad(found: Findings) -> dict[str, str]:
    """The status of whatever is not well; kernels are switched off here."""
    return {name: one["status"] for name, one in found.items() if one["status"] != "ok" and name != "kernels"}


def listing(folder: Path) -> dict[str, tuple[int, float, bytes]]:
    return {
        str(path): (path.stat().st_mode, path.stat().st_mtime, path.read_bytes() if path.is_file() else b"")
        for path in [folder, *folder.rglob("*")]
    }


# All is well


def test_on_a_new_machine_all_is_well_and_nothing_is_made(call: Call, data: Path) -> None:
    found = examined(call)
    assert bad(found) == {}
    assert len(found) == 1 + len(doctor.CHECKS)
    assert not data.exists()


def test_a_configuration_without_a_source_is_told_as_such(call: Call, tmp_path: Path) -> None:
    config = tmp_path / "universe.toml"
    config.write_bytes((ROOT / "ops/deploy/universe.toml").read_bytes())
    assert examined(call, "--config", config)["config"]["detail"] == f"{config}: no sources configured"
    config.write_text('[game.GAME_001]\nsource = "nowhere.csv"\n[game.GAME_002]\n', encoding="utf-8")
    shown = examined(call, "--config", config, "--offline")["config"]["detail"]
    assert shown == f"{config}: 1 of 2 games with a source"


def test_a_universe_at_rest_is_sound_and_stays_as_it_is(call: Call, universe: Path) -> None:
    before = listing(universe)
    found = examined(call)
    assert bad(found) == {}
    assert "GAME_001 running at draw 1,000" in found["universe"]["detail"]
    after = listing(universe)
    assert set(after) - set(before) <= {str(universe / "universe.db-shm"), str(universe / "universe.db-wal")}
    assert {name: after[name] for name in before if name != str(universe)} == {
        name: value for name, value in before.items() if name != str(universe)
    }


def test_it_names_who_leads_and_leaves_the_lock_alone(call: Call, universe: Path) -> None:
    with LeaderLock(universe).require("the test") as lock:
        found = examined(call)
        assert found["leader"]["detail"] == f"process {os.getpid()} simulates"
        assert lock.held
        assert lock.renew()
    assert bad(found) == {}


def test_it_waits_for_no_commit_that_is_under_way(call: Call, universe: Path) -> None:
    db = open_writer(Location(universe / "universe.db"))
    with transaction(db):
        db.execute("UPDATE progress SET watermark = watermark")
        assert bad(examined(call)) == {}
    db.close()


def test_kernels_can_be_had_here(call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NUMBA_DISABLE_JIT")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    found = examined(call)["kernels"]
    assert found["status"] == "ok"
    assert str(tmp_path / "cache") in found["detail"]
    assert not (tmp_path / "cache").exists()


def test_a_person_reads_the_worst_last_and_then_what_to_do(call: Call, universe: Path) -> None:
    universe.chmod(0o755)
    shown = call("doctor", *TEST, "--port", unused_port(), "--config", "absent.toml")
    lines = shown.out.splitlines()
    statuses = [words[1] for words in map(str.split, lines[1:]) if words[1] in {"ok", "warn", "fail"}]
    assert statuses == ["ok"] * (len(statuses) - 3) + ["warn", "warn", "fail"]
    assert f"directory: chmod 700 {universe}" in lines
    assert lines[-1] == f"{len(statuses)} checks: {len(statuses) - 3} ok, 2 to look at, 1 failed"
    assert shown.code == 1


# The data directory


def test_a_directory_open_to_others_is_closed_by_the_advice(call: Call, universe: Path) -> None:
    universe.chmod(0o750)
    found = examined(call)
    assert bad(found) == {"directory": "warn"}
    subprocess.run(found["directory"]["advice"].split(), check=True)
    assert bad(examined(call)) == {}


def test_a_file_where_the_directory_is_to_be_fails(call: Call, data: Path) -> None:
    data.write_text("")
    assert bad(examined(call))["directory"] == "fail"


@contextlib.contextmanager
def small_device() -> Iterator[Path]:
    """A file system of its own, which root can mount."""
    if os.geteuid():
        pytest.skip("mounts a file system")
    folder = Path(tempfile.mkdtemp(prefix="device-"))
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", folder], check=False).returncode:
        pytest.skip("cannot mount here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
        folder.rmdir()


def test_a_full_and_then_read_only_device_fails_and_the_universe_is_still_read(call: Call, universe: Path) -> None:
    with small_device() as device:
        shutil.copytree(universe, device / "test")
        (device / "test").chmod(0o700)
        with (device / "ballast").open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        found = examined(call, "--data-dir", device)
        assert bad(found) == {"device": "fail", "sqlite": "fail"}
        assert "make room" in found["device"]["advice"]
        assert "make room" in found["sqlite"]["advice"]
        (device / "ballast").unlink()
        subprocess.run(["mount", "-o", "remount,ro", device], check=True)
        found = examined(call, "--data-dir", device)
        assert bad(found) == {"device": "warn", "directory": "fail", "sqlite": "fail"}
        assert "GAME_001" in found["universe"]["detail"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_directory_that_may_not_be_written_fails(call: Call, universe: Path) -> None:
    universe.chmod(0o500)
    found = examined(call)
    universe.chmod(0o700)
    assert bad(found) == {"directory": "fail", "sqlite": "fail"}


def test_a_device_of_another_machine_is_warned_about(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "file_system", lambda _: "nfs4")
    assert bad(examined(call)) == {"device": "warn"}


def test_the_file_system_is_that_of_the_innermost_mount(tmp_path: Path) -> None:
    inner = tmp_path / "with blank" / "data"
    inner.mkdir(parents=True)
    mounts = tmp_path / "mountinfo"
    escaped = str(tmp_path.resolve() / "with blank").replace(" ", "\\040")
    mounts.write_text(
        "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
        f"35 21 0:31 / {escaped} rw shared:1 - nfs4 server:/x rw\n"
        f"36 21 0:32 / {tmp_path.resolve()}-other rw - xfs /dev/sdb1 rw\n"
    )
    assert directory.file_system(inner, mounts) == "nfs4"
    assert directory.file_system(tmp_path, mounts) == "ext4"
    assert directory.file_system(tmp_path, tmp_path / "absent") is None


# The universe


def test_a_universe_of_the_other_mode_fails(call: Call, universe: Path, data: Path) -> None:
    universe.rename(data / "prod")
    called = json.loads(call("doctor", "--json", "--port", unused_port()).out)
    found = {one["check"]: one for one in called["checks"]}
    assert bad(found) == {"universe": "fail"}
    assert "--mode test" in found["universe"]["advice"]


@pytest.mark.parametrize(("version", "status", "words"), [(99, "fail", "later one"), (2, "warn", "migrates")])
def test_a_universe_of_another_schema(call: Call, universe: Path, version: int, status: str, words: str) -> None:
    db = open_writer(Location(universe / "universe.db"))
    db.pragma("user_version", version)
    db.close()
    found = examined(call)
    assert bad(found) == {"universe": status}
    assert words in found["universe"]["advice"]


def test_a_damaged_page_fails_and_the_advice_is_a_backup(call: Call, universe: Path) -> None:
    database = universe / "universe.db"
    os.truncate(database, database.stat().st_size // 2)
    found = examined(call)
    assert bad(found)["structure"] == "fail"
    assert "universe restore" in found["structure"]["advice"]


@pytest.mark.parametrize("content", [b"nonsense" * 2_000, b"SQLite format 3\0" + bytes(4_000)])
def test_a_file_that_is_no_universe_fails(call: Call, universe: Path, content: bytes) -> None:
    (universe / "universe.db").write_bytes(content)
    assert bad(examined(call))["universe"] == "fail"


def test_a_log_whose_database_is_gone_fails(call: Call, universe: Path) -> None:
    (universe / "universe.db").unlink()
    (universe / "universe.db-wal").write_bytes(bytes(10_000))
    found = examined(call)
    assert bad(found)["universe"] == "fail"
    assert "commits are in the log" in found["universe"]["detail"]


def test_an_empty_file_is_no_universe_yet(call: Call, universe: Path) -> None:
    (universe / "universe.db").write_bytes(b"")
    assert bad(examined(call)) == {}


def test_a_look_at_the_structure_ends_in_time(call: Call, universe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "STRUCTURE_SECONDS_MAX", -1.0)
    monkeypatch.setattr(database, "STRUCTURE_STEPS", 1)
    assert "universe verify" in examined(call)["structure"]["detail"]
    assert universe.exists()


def test_what_lies_about_is_named_with_what_to_do(call: Call, universe: Path) -> None:
    for name in (".b.db.x.part", "universe.db.damaged-1", "notes", ".new.part"):
        (universe / name).write_text("")
    yesterday = time.time() - 86_400
    os.utime(universe / ".b.db.x.part", (yesterday, yesterday))
    found = examined(call)
    assert bad(found) == {"leftovers": "warn"}
    assert found["leftovers"]["detail"] == ".b.db.x.part, notes, universe.db.damaged-1"
    for words in (f"rm -r {universe}/.b.db.x.part", f"rm {universe}/universe.db.damaged-1", f"mv {universe}/notes"):
        assert words in found["leftovers"]["advice"]


def test_a_name_that_is_no_text_is_shown_as_far_as_it_can_be(call: Call, universe: Path) -> None:
    """Nothing that lies about writes on the terminal in its own way."""
    try:
        (universe / os.fsdecode(b"od\xffd\n\x1b[31m")).write_text("")
    except OSError:
        pytest.skip("no such names here")
    assert examined(call)["leftovers"]["detail"] == "od?d ?[31m"


# What the operator wrote


def test_a_bad_configuration_fails_and_the_rest_is_looked_at(call: Call, universe: Path, tmp_path: Path) -> None:
    config = tmp_path / "universe.toml"
    config.write_text("[universe]\nraw_draws = 5\n")
    found = examined(call, "--config", config)
    assert bad(found) == {"config": "fail"}
    assert "raw_draws" in found["config"]["detail"]
    assert universe.exists()


def test_games_that_are_none_fail(call: Call, data: Path, tmp_path: Path) -> None:
    (data / "games").mkdir(parents=True)
    (data / "games" / "mine.toml").write_text("id = 5\n")
    config = tmp_path / "universe.toml"
    config.write_text('[game.GAME_999]\nsource = "x.csv"\n')
    found = examined(call, "--config", config)
    assert bad(found) == {"games": "fail", "source GAME_999": "fail"}
    assert "mine.toml" in found["games"]["detail"]
    (data / "games" / "mine.toml").unlink()
    assert "GAME_999" in examined(call, "--config", config)["games"]["detail"]


def test_tokens_are_counted_and_never_shown(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "tokens"
    file.write_text(f"# clients\nlaptop:{SECRET}\n")
    file.chmod(0o644)
    found = examined(call, "--token-file", file)["tokens"]
    assert (found["status"], found["advice"]) == ("warn", f"chmod 600 {file}")
    file.chmod(0o600)
    assert examined(call, "--token-file", file)["tokens"]["detail"] == f"{file}: of laptop"
    file.write_text(f"{SECRET} oops\n")
    found = examined(call, "--token-file", file)["tokens"]
    assert found["status"] == "fail"
    assert SECRET not in json.dumps(found)
    assert examined(call, "--token-file", tmp_path / "absent")["tokens"]["status"] == "fail"
    monkeypatch.setenv("UNIVERSE_TOKENS", f"desk:{SECRET}")
    found = examined(call)["tokens"]
    assert found["detail"] == "UNIVERSE_TOKENS: of desk"
    assert SECRET not in "".join(capfd.readouterr())


# Sources


@pytest.fixture
def feed() -> Iterator[FeedServer]:
    with feed_server() as server:
        yield server


def config_of(tmp_path: Path, source: str, more: str = "") -> Path:
    config = tmp_path / "universe.toml"
    config.write_text(f'[game.GAME_001]\nsource = "{source}"\n{more}')
    return config


def csv_until(last: datetime) -> bytes:
    """Results of three draw dates up to a day, one of them missing."""
    dates, day = [], last.date()
    for _ in range(4):
        found = last_draw_date(GAME, day)
        assert found
        dates.append(found)
        day = found - timedelta(days=1)
    del dates[1]
    return b"draw_date,main,bonus\n" + b"".join(b"%s,1 2 3 4 5,6\n" % str(day).encode() for day in sorted(dates))


def test_a_source_tells_its_newest_result_and_its_gaps(call: Call, feed: FeedServer, tmp_path: Path) -> None:
    config = config_of(tmp_path, feed.serve("/r.csv", csv_until(datetime.now(UTC) - timedelta(days=1))))
    found = examined(call, "--config", config)["source GAME_001"]
    assert found["status"] == "ok"
    assert "3 results (csv) to" in found["detail"]
    assert "1 gaps" in found["detail"]
    assert len(feed.requests) == 1


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (Answer(b"gone", status=404), "fail", "answered 404"),
        (Answer(b"<html>"), "fail", "format"),
        (Answer(b"draw_date,main,bonus\n"), "warn", "no result"),
        (Answer(b"draw_date,main,bonus\n2001-01-03,1 2 3 4 5,6\n2001-01-04,1 2 3 4 5,6\n"), "warn", "line 3"),
        (Answer(b"draw_date,main,bonus\n2001-01-03,1 2 3 4 5,6\n"), "warn", "is missing"),
    ],
)
def test_a_source_that_is_not_as_it_should_be(
    call: Call, feed: FeedServer, tmp_path: Path, answer: Answer, status: str, words: str
) -> None:
    found = examined(call, "--config", config_of(tmp_path, feed.serve("/r.csv", answer)))
    assert bad(found) == {"source GAME_001": status}
    assert words in found["source GAME_001"]["detail"]


def test_of_a_source_in_pages_the_first_is_asked(call: Call, feed: FeedServer, tmp_path: Path) -> None:
    source = feed.serve_pages("/pages", [csv_until(datetime.now(UTC) - timedelta(days=1)), b"", b""])
    assert examined(call, "--config", config_of(tmp_path, source))["source GAME_001"]["status"] == "ok"
    assert len(feed.requests) == 1


def test_a_dead_source_fails_without_its_secrets_and_offline_it_is_not_asked(call: Call, tmp_path: Path) -> None:
    config = config_of(tmp_path, f"http://user:{SECRET}@127.0.0.1:{unused_port()}/r.csv?key={SECRET}")
    found = examined(call, "--config", config)
    assert bad(found) == {"source GAME_001": "fail"}
    assert SECRET not in json.dumps(found)
    assert bad(examined(call, "--config", config, "--offline")) == {}


def test_with_a_source_that_hangs_the_program_ends_in_time(feed: FeedServer, tmp_path: Path) -> None:
    config = config_of(tmp_path, feed.serve("/r.csv", Answer(b"draw_date,main" * 9, then="stall")))
    began = time.monotonic()
    ended = cold("doctor", "--json", "--config", config, UNIVERSE_DATA_DIR=str(tmp_path / "data"))
    assert time.monotonic() - began < 10
    assert ended.code == 1
    (found,) = [one for one in ended.document["checks"] if one["status"] == "fail"]
    assert found["check"] == "source GAME_001"
    assert "silent for" in found["detail"]


# The machine


class Clock(datetime):
    """A wall clock that says what a test wants."""

    shown = datetime(2026, 11, 21, tzinfo=UTC)

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return cls.shown.astimezone(tz)


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), "not a plausible year"),
        (datetime(2025, 2, 1, tzinfo=UTC), "newest schedule"),
        (datetime(2025, 5, 1, tzinfo=UTC), "last commit"),
    ],
)
def test_a_clock_that_is_behind(
    call: Call, universe: Path, monkeypatch: pytest.MonkeyPatch, shown: datetime, words: str
) -> None:
    monkeypatch.setattr(Clock, "shown", shown)
    monkeypatch.setattr(machine, "datetime", Clock)
    found = examined(call)
    assert words in found["clock"]["detail"]
    assert universe.exists()


def test_a_clock_that_stands_still_is_no_clock(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "time", type("Still", (), {"monotonic": lambda: 5.0, "sleep": lambda _: None}))
    assert "stands still" in examined(call)["clock"]["detail"]


@pytest.mark.parametrize(("hard", "status"), [(100, "fail"), (1_024, "warn"), (100_000, "ok"), (-1, "ok")])
def test_open_files(call: Call, monkeypatch: pytest.MonkeyPatch, hard: int, status: str) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (hard, hard))
    assert examined(call)["limits"]["status"] == status


def test_packages_that_are_missing_or_of_another_version_are_named(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    needs = ["attrs>=26.1", "trio>=99,<100", "no-such-package>=1"]
    monkeypatch.setattr(packages, "wanted", lambda _: (needs, "pip install it"))
    found = examined(call)["packages"]
    assert found["status"] == "fail"
    assert "trio" in found["detail"]
    assert "no-such-package is missing" in found["detail"]
    assert "attrs" not in found["detail"]


@pytest.mark.parametrize(
    ("version", "bounds", "fits"),
    [
        ("1.10", ">=1.9,<2", True),
        ("2.0", ">=1.9,<2", False),
        ("1.9.0", "==1.9", True),
        ("1.9.1", "!=1.9.1", False),
        ("3.54.1.0", ">=3.54,<4", True),
        ("1.4", "~=1.3", True),
        ("2.0", "~=1.3", False),
        ("2.0rc1", ">=2.0", True),  # by its numbers: what follows them is not looked at
        ("0.18", "<=0.18,>0.17", True),
        ("1", "", True),
    ],
)
def test_versions_are_compared_by_their_numbers(version: str, bounds: str, fits: bool) -> None:
    assert packages.within(version, bounds) is fits


# The port


def test_a_port_that_is_taken_by_another_program(call: Call) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        found = examined(call, "--port", other.getsockname()[1])
    assert bad(found) == {"port": "fail"}


def test_a_port_that_one_of_ours_has(call: Call, feed: FeedServer) -> None:
    ours = {"status": "ok", "version": "0.1.0", "role": "leader", "uptime_seconds": 5.1}
    feed.serve("/health", json.dumps(ours).encode())
    found = examined(call, "--port", feed.port)
    assert bad(found) == {}
    assert "version 0.1.0, role leader" in found["port"]["detail"]


# Whatever else


def test_a_check_that_breaks_or_hangs_is_a_finding(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(machine, "check_limits", lambda _: over.wait(30))
    monkeypatch.setattr(machine, "check_streams", lambda _: 1 / 0)
    monkeypatch.setattr(doctor, "CHECK_SECONDS_MAX", 0.3)
    monkeypatch.setattr(doctor, "CHECKS", (*doctor.CHECKS[:5], ("absent", "no_such_module")))
    found = examined(call)
    over.set()
    assert bad(found) == {"limits": "fail", "streams": "fail", "absent": "fail"}
    assert found["limits"]["detail"] == "no answer within 0.3 s"
    assert "ZeroDivisionError" in found["streams"]["detail"]


def test_when_time_is_up_the_rest_is_named(call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    over = threading.Event()
    monkeypatch.setattr(configuration, "known", lambda _: over.wait(30))
    monkeypatch.setattr(machine, "check_limits", lambda _: over.wait(30))
    monkeypatch.setattr(doctor, "DOCTOR_SECONDS_MAX", 0.5)
    found = examined(call, "--config", config_of(tmp_path, "results.csv"))
    over.set()
    late = {name for name, one in found.items() if one["detail"] == "no answer within 0.5 s"}
    assert late == {"limits", "source GAME_001", *[name for name, _ in doctor.CHECKS[4:]]}


def test_a_source_that_breaks_its_reader_is_a_finding(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("odd")

    monkeypatch.setattr(sources, "fetch_source", broken)
    found = examined(call, "--config", config_of(tmp_path, "results.csv"))
    assert bad(found) == {"source GAME_001": "fail"}
    assert "RuntimeError: odd" in found["source GAME_001"]["detail"]
