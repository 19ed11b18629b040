"""The program over HTTP: served, watched, guarded and stopped, as a user runs it."""

import json
import signal
from pathlib import Path

import pytest

from tests.acceptance.client import connected
from tests.acceptance.program import cold, one_line_refusal, refused, running, said, saw, stop, wait_until
from tests.acceptance.web import Web, url_of

END_SECONDS = 3.0
TOKEN = "t0" * 12
HTTP = ("--transport", "http", "--port", 0)


def where(tmp_path: Path) -> tuple[object, ...]:
    return ("--mode", "test", "--data-dir", tmp_path / "data", "--limit", 300)


def test_it_serves_both_revisions_beyond_its_limit_until_it_is_stopped(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with running("run", *where(tmp_path), *HTTP, "--json", log=log) as process:
        web = Web(url_of(log))
        wait_until(30, lambda: web.tool("get_universe_status")["games"][0]["phase"] == "halted")
        modern, legacy = (ask("get_latest_draws", limit=3) for ask in (web.tool, web.legacy_tool))
        assert modern == legacy
        assert [draw["draw_number"] for draw in modern["draws"]] == [300, 299, 298]
        assert json.loads(web.get("/health")[1])["role"] == "leader"
        assert web.get("/ready")[0] == 200
        status, text = web.get("/metrics")
        assert status == 200
        assert 'universe_draws_total{game_id="GAME_001"} 300.0' in text
        assert 'universe_tool_calls_total{outcome="answered",tool="get_latest_draws"} 2.0' in text
        assert process.poll() is None
        assert stop(process, signal.SIGTERM) < END_SECONDS
        assert process.returncode == 0
    (document,) = log.with_suffix(".out").read_text().splitlines()
    assert json.loads(document)["draws_generated"] == 300


def test_stdio_and_http_side_by_side(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with connected(*where(tmp_path), "--transport", "stdio+http", "--port", 0, log=log) as client:
        web = Web(url_of(log))
        wait_until(30, lambda: web.tool("get_universe_status")["games"][0]["phase"] == "halted")
        assert client.ask("get_latest_draws") == web.tool("get_latest_draws")
        code, seconds = client.finish()
    assert code == 0
    assert seconds < END_SECONDS


def test_a_dry_run_can_be_asked_over_http(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with running("run", "--mode", "test", "--limit", 50, "--dry-run", *HTTP, log=log) as process:
        web = Web(url_of(log))
        wait_until(30, lambda: web.tool("get_universe_status")["games"][0]["draw_number"] == 50)
        stop(process, signal.SIGINT)
        assert process.returncode == 0


@pytest.mark.parametrize("way", ["file", "environment"])
def test_tokens(tmp_path: Path, way: str) -> None:
    log, file = tmp_path / "log", tmp_path / "tokens"
    file.write_text(f"# ours\nagent:{TOKEN}\n")
    options = ("--token-file", file) if way == "file" else ()
    environ = {} if way == "file" else {"UNIVERSE_TOKENS": f"agent:{TOKEN}"}
    any_address = ("--host", "0.0.0.0", "--allowed-host", "lottery.example.org")  # noqa: S104  what tokens are for
    with running("run", *where(tmp_path), *HTTP, *any_address, *options, log=log, **environ):
        url = url_of(log).replace("0.0.0.0", "127.0.0.1")  # noqa: S104  as above
        stranger, agent = Web(url), Web(url, TOKEN)
        assert stranger.post({"method": "ping"})[0] == 401
        assert stranger.get("/metrics")[0] == 401
        assert stranger.get("/health")[0] == 200
        assert Web(url, TOKEN + "x").get("/metrics")[0] == 401
        assert agent.get("/metrics")[0] == 200
        assert agent.get("/metrics", Host="lottery.example.org")[0] == 200
        assert agent.get("/metrics", Host="evil.example")[0] == 421
        assert agent.get("/metrics", Origin="https://evil.example")[0] == 403
        assert agent.tool("get_universe_status")["universe"]["mode"] == "test"
    assert TOKEN not in log.with_suffix(".err").read_text()


def test_followers_serve_http_and_take_over(tmp_path: Path) -> None:
    data = ("--data-dir", tmp_path / "data", *HTTP)
    with running("run", *data, log=tmp_path / "leader") as leader:
        first = Web(url_of(tmp_path / "leader"))
        wait_until(30, lambda: first.tool("get_universe_status")["games"])
        with running("run", *data, log=tmp_path / "follower") as follower:
            second = Web(url_of(tmp_path / "follower"))
            assert second.tool("get_universe_status")["universe"]["role"] == "follower"
            leader.kill()
            wait_until(20, lambda: second.tool("get_universe_status")["universe"]["role"] == "leader")
            assert 'universe_role{role="leader"} 1.0' in second.get("/metrics")[1]
            stop(follower, signal.SIGTERM)
            assert follower.returncode == 0


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--port", 8765), "--port is for --transport http"),
        (("--allowed-host", "x"), "--allowed-host is for --transport http"),
        (("--transport", "http", "--port", 70_000), "70000"),
        (("--transport", "http", "--allowed-host", "a b"), "--allowed-host a b: must be"),
        (("--transport", "http", "--allowed-origin", "x"), "--allowed-origin x: must be"),
        (("--transport", "http", "--token-file", "/nowhere/tokens"), "/nowhere/tokens: No such file"),
        (("--transport", "http", "--host", "0.0.0.0", "--port", 0), "--host 0.0.0.0: .*tokens"),  # noqa: S104  the case
        (("--transport", "smoke"), "smoke"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, options: tuple[object, ...], line: str) -> None:
    said(line, refused("run", *where(tmp_path), *options))
    assert not (tmp_path / "data").exists(), "nothing is made before that"


def test_a_wrong_token_in_the_environment_is_not_shown(tmp_path: Path) -> None:
    ended = cold("run", *where(tmp_path), *HTTP, UNIVERSE_TOKENS=f"agent {TOKEN}")
    assert TOKEN not in one_line_refusal(ended)


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with running("run", *where(tmp_path), *HTTP, log=tmp_path / "log"):
        port = Web(url_of(tmp_path / "log")).address.port
        ended = cold("run", *where(tmp_path), "--transport", "http", "--port", port)
    assert ended.code == 3
    assert f"universe: --host 127.0.0.1 --port {port}: " in ended.err
    assert "in use" in ended.err
    assert "Traceback" not in ended.err


def test_the_log_names_what_is_served(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with running("run", *where(tmp_path), *HTTP, "--host", "::1", log=log):
        url = url_of(log)
        assert url.startswith("http://[::1]:")
        assert Web(url).get("/health")[0] == 200
        assert saw(log, "http.listening")
