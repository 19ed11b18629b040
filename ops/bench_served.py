"""What a client gets from a real server: each tool beside an empty one, over stdio and HTTP, alone and in a flood.

Server and client share the machine, and the universe goes on at the production pace meanwhile. Afterwards every draw is
made again by the seed rule, and the commits are held against the pace.
"""

import signal
import statistics
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from time import time
from typing import Any
from urllib.parse import urlsplit

import attrs

from actors.pace import PACE_TICK_SECONDS
from ops.bench_callers import Arguments, Caller
from ops.bench_draws import MODE, bench_clock, new_store
from ops.bench_measure import BenchmarkError, significant, times
from ops.bench_process import DAY_SECONDS
from ops.bench_run import observe
from ops.bench_scale import ServedScale
from ops.bench_wire import Call, Pipes, Posts, Wire
from ops.place import Place
from ops.prepare import DRAWS_PER_DAY
from ops.soak_process import Running, SoakError, running, wait_until
from universe.game import Game

EMPTY, POLLED = "empty", "get_latest_draws"
IN_FLIGHT = 64
POLLED_TIMES_MAX, OTHER_TIMES_MAX, FLOOD_SHARE_MIN = 1.5, 3.5, 0.6  # what an answer may cost beside an empty one
PACE_SHARE_MAX = 0.01  # that the draws of a while may be off the pace, if more than one commit
EVENT_SECONDS_MAX = 60.0  # until a server has told of its first commit
FIRST_CALLS = 20  # import and compile what later ones use, and do not count

CallMaker = Callable[[int], Call]


@attrs.frozen
class Served:
    """A server process on a universe of its own, and the ways to ask it."""

    place: Place
    process: Running
    ways: Mapping[str, Wire]

    def commits(self) -> list[tuple[float, int]]:
        """Return when draws were committed, in seconds since the epoch, and how many."""
        return [
            (datetime.fromisoformat(event["timestamp"]).timestamp(), event["draws"])
            for event in self.process.events("batch.committed")
            if event["draws"]
        ]


def served(game: Game, scale: ServedScale, folder: Path, cache: Path | None = None) -> dict[str, Any]:
    """Return latencies of all tools on every way, rates of floods, and whether draws and pace were left alone."""
    makers = _call_makers(Caller(bench_clock(game), scale.draws))
    with ExitStack() as stack:
        try:
            servers = [
                stack.enter_context(_serving(game, scale, transport, folder / transport, cache))
                for transport in ("stdio", "http")
            ]
            ways = {name: wire for server in servers for name, wire in server.ways.items()}
            answers = _answers(ways, makers, scale)
            began = time()
            floods = _floods(ways, makers, scale)
            pace = {server.process.words[-1]: _pace(server.commits(), began, time()) for server in servers}
            checked = sum(_verified(server, folder, cache) for server in servers)
        except SoakError as broken:
            raise BenchmarkError(str(broken)) from broken
    return {
        "draws": scale.draws,
        "real_results": scale.results,
        "answers": answers,
        "in_flight": IN_FLIGHT,
        "floods": floods,
        "pace_under_floods": pace,
        "verified_draws": checked,
        "missed": missed(answers, floods, pace),
    }


# The servers.


@contextmanager
def _serving(game: Game, scale: ServedScale, transport: str, folder: Path, cache: Path | None) -> Iterator[Served]:
    """Make a universe and serve it; the process is killed at the end if it still lives."""
    place = Place(folder, MODE)
    new_store(place, bench_clock(game), scale.results * DRAWS_PER_DAY[MODE]).close()
    where = ("--mode", MODE, "--data-dir", folder, "--game", game.game_id)
    observe(["simulate", *where, "--epoch", game.since, "--draws", scale.draws, "--json"], folder / "made", cache=cache)
    words = ("run", *where, "--fixtures", *(["--port", 0] if transport == "http" else []), "--transport", transport)
    pipe = subprocess.PIPE if transport == "stdio" else None
    with running(*words, folder=folder / "log", stdin=pipe or subprocess.DEVNULL, stdout=pipe) as process:
        ways = _over_pipes(process) if pipe else _over_sockets(process)
        _wait_event(process, "batch.committed")
        yield Served(place, process, ways)


def _over_pipes(process: Running) -> dict[str, Wire]:
    stdin, stdout = process.process.stdin, process.process.stdout
    assert stdin is not None  # noqa: S101  we asked for pipes
    assert stdout is not None  # noqa: S101  as above
    pipes = Pipes(stdin.fileno(), stdout.fileno())
    pipes.greet()
    return {"stdio": pipes}


def _over_sockets(process: Running) -> dict[str, Wire]:
    address = urlsplit(_wait_event(process, "http.listening")["url"])
    modern, session = (Posts(str(address.hostname), int(address.port or 0)) for _ in range(2))
    session.greet()
    return {"http": modern, "http_session": session}


def _wait_event(process: Running, name: str) -> dict[str, Any]:
    """Return the first event of a name once it is in the log."""
    wait_until(lambda: not process.alive or bool(process.events(name)), EVENT_SECONDS_MAX, name)
    if not process.alive:
        raise BenchmarkError(f"universe run ended by itself with {process.wait()}: {process.told[-500:]}")
    return process.events(name)[0]


def _verified(server: Served, folder: Path, cache: Path | None) -> int:
    """End a server and make all its draws again; returns how many. BenchmarkError if one is not by the rule."""
    server.process.process.send_signal(signal.SIGTERM)
    if server.process.wait():
        raise BenchmarkError(f"universe run ended with {server.process.wait()}: {server.process.told[-500:]}")
    words = ["verify", "--mode", MODE, "--data-dir", server.place.data_dir, "--full", "--json"]
    verdict = observe(words, folder / "verified", cache=cache).document
    kept = sum(draws for _, draws in server.commits())
    if not verdict["ok"] or verdict["draws_checked"] < kept:
        raise BenchmarkError(f"universe verify: {verdict}, after {kept:,} more draws were told as committed")
    return int(verdict["draws_checked"])


# The calls.


def _call_makers(caller: Caller) -> dict[str, CallMaker]:
    """Return how each tool is called, the empty one first: as a model would, with no two calls in a row the same."""
    arguments: dict[str, Callable[[int], Arguments]] = {
        EMPTY: lambda _: {},
        POLLED: lambda _: {"limit": 1},
        "get_universe_status": lambda _: {},
        "get_frequency_stats": lambda _: {},
        "generate_numbers": lambda call: {"mode": "frequency_weighted", "count": 5, "seed": call},
        "check_numbers_occurrence": caller.ticket,
        "get_match_events": lambda _: {"limit": 10},
        "verify_draw": lambda call: {"draw_number": caller.number(call)},
        "get_real_results": lambda _: {"limit": 10},
        "get_draw_date_summary": lambda call: {"draw_date": caller.day(call)},
    }
    return {tool: _maker(tool, made) for tool, made in arguments.items()}


def _maker(tool: str, arguments: Callable[[int], Arguments]) -> CallMaker:
    return lambda call: (tool, arguments(call))


def _answers(ways: Mapping[str, Wire], makers: Mapping[str, CallMaker], scale: ServedScale) -> dict[str, Any]:
    """Ask one after the other, all tools on all ways in turn, round after round."""
    seconds: dict[str, dict[str, list[list[float]]]] = {way: {tool: [] for tool in makers} for way in ways}
    for number in range(scale.rounds + 1):
        calls = scale.calls if number else FIRST_CALLS
        for way, wire in ways.items():
            for tool, maker in makers.items():
                asked = [maker(number * scale.calls + call) for call in range(calls)]
                seconds[way][tool].append(wire.answer_seconds(asked))
    return {
        way: {tool: _spread(rounds[1:], tools[EMPTY][1:]) for tool, rounds in tools.items()}
        for way, tools in seconds.items()
    }


def _spread(rounds: Sequence[Sequence[float]], empty: Sequence[Sequence[float]]) -> dict[str, float]:
    """Return the median round's p50, p99 over all, both in milliseconds, and p50 by that of the empty tool."""
    p50, pooled = statistics.median(map(statistics.median, rounds)), sorted(second for one in rounds for second in one)
    return {
        "calls": len(pooled),
        "p50_ms": significant(1e3 * p50),
        "p99_ms": significant(1e3 * pooled[min(len(pooled) - 1, int(len(pooled) * 0.99))]),
        "to_empty": times(p50, statistics.median(map(statistics.median, empty))),
    }


def _floods(ways: Mapping[str, Wire], makers: Mapping[str, CallMaker], scale: ServedScale) -> dict[str, Any]:
    """Ask with many calls in flight, both tools on all ways in turn; returns calls a second, medians."""
    rates: dict[str, dict[str, list[float]]] = {way: {EMPTY: [], POLLED: []} for way in ways}
    for number in range(scale.rounds):
        for way, wire in ways.items():
            for tool in (EMPTY, POLLED):
                call = makers[tool](number)
                rates[way][tool].append(scale.flood_calls / wire.flood_seconds(call, scale.flood_calls, IN_FLIGHT))
    medians = {way: {tool: statistics.median(found) for tool, found in tools.items()} for way, tools in rates.items()}
    return {
        way: {
            "empty_per_second": round(tools[EMPTY]),
            "latest_per_second": round(tools[POLLED]),
            "latest_to_empty": times(tools[POLLED], tools[EMPTY]),
        }
        for way, tools in medians.items()
    }


# What must not have suffered.


def _pace(commits: Sequence[tuple[float, int]], began: float, ended: float) -> dict[str, Any]:
    """Hold the draws that were committed in a while against the pace. A while holds the commits within it."""
    due_per_second = DRAWS_PER_DAY[MODE] / DAY_SECONDS
    within = [(at, draws) for at, draws in commits if began <= at <= ended]
    moments, due = [began, *(at for at, _ in within), ended], (ended - began) * due_per_second
    draws = sum(draws for _, draws in within)
    allowed = max(PACE_SHARE_MAX * due, PACE_TICK_SECONDS * due_per_second + 1)
    return {
        "seconds": round(ended - began, 1),
        "draws": draws,
        "draws_due": round(due, 1),
        "longest_pause_seconds": round(max(later - earlier for earlier, later in pairwise(moments)), 2),
        "kept": abs(draws - due) <= allowed,
    }


def missed(answers: Mapping[str, Any], floods: Mapping[str, Any], pace: Mapping[str, Any]) -> list[str]:
    """Return every aim that was missed, a line each."""
    lines = []
    for way, tools in answers.items():
        for tool, found in tools.items():
            most = POLLED_TIMES_MAX if tool == POLLED else OTHER_TIMES_MAX
            if found["to_empty"] > most:
                lines.append(f"{way} {tool}: {found['to_empty']} times an empty answer, at most {most}")
    for way, flood in floods.items():
        if flood["latest_to_empty"] < FLOOD_SHARE_MIN:
            lines.append(
                f"{way} flood: {flood['latest_to_empty']} of the empty tool's rate, at least {FLOOD_SHARE_MIN}"
            )
    for way, kept in pace.items():
        if not kept["kept"]:
            lines.append(f"{way} pace: {kept['draws']} draws, {kept['draws_due']} were due")
    return lines
