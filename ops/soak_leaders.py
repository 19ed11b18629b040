"""``leaders``: leaders killed beside two followers each; one of those must lead, soon, alone, and without a gap."""

import os
from pathlib import Path
from time import monotonic
from typing import Any

from ops.place import Place
from ops.soak_group import Group, group
from ops.soak_process import Note, SoakError, document_of, moments
from ops.soak_verdict import allowed, median, require_whole, worst

FOLLOWERS = 2
RATE, LIMIT, DRAWS_PER_DAY = 3_000, 1_000_000, 1_000
TAKEOVER_SECONDS_MAX = 2.0
PATIENCE_SECONDS = 30.0  # how long a takeover that is late is waited for, to say how late
LEAD_SECONDS_MAX = 1.0  # how long a leader lives at most once its draws have been seen


def soak_leaders(count: int, seed: int, folder: Path, note: Note) -> dict[str, Any]:
    """Kill so many leaders and return how soon others led; SoakError with seed and round at a broken promise."""
    begun, place = monotonic(), Place(folder / "data", "test")
    options = ("--limit", LIMIT, "--rate", RATE, "--draws-per-day", DRAWS_PER_DAY)
    roles, moves, answers = list[float](), list[float](), 0
    number = 0
    try:
        with group(place, *options, folder=folder / "logs") as servers:
            for _ in range(1 + FOLLOWERS):
                servers.start()
            servers.wait(lambda: _settled(servers), PATIENCE_SECONDS, "one leads, the others follow")
            for number in range(count):
                life = moments(seed, number).uniform(0, LEAD_SECONDS_MAX)
                role, move, told = _kill_one(servers, life)
                roles.append(role)
                moves.append(move)
                answers += told
                note(f"round {number}: another leads after {role:.3f} s, draws after {move:.3f} s")
            end_seconds = servers.finish()
        draws = _require_same(place, folder)
    except SoakError as broken:
        raise SoakError(f"seed {seed}, round {number}: {broken}; kept in {folder}") from broken
    return {
        "soak": "leaders",
        "seed": seed,
        "kills": count,
        "role_seconds_median": median(roles),
        "role_seconds_worst": worst(roles),
        "draws_seconds_median": median(moves),
        "draws_seconds_worst": worst(moves),
        "draws_later_than_2_s": sum(one > TAKEOVER_SECONDS_MAX for one in moves),
        "answers": answers,
        "draws": draws,
        "end_seconds": round(end_seconds, 3),
        "load_average": os.getloadavg()[0],
        "seconds": round(monotonic() - begun, 1),
    }


def _settled(servers: Group) -> bool:
    """Whether one leads, everybody else follows, and all have answered."""
    return len(servers.leaders()) == 1 and all(client.answers for client in servers.clients) and servers.draws > 0


def _kill_one(servers: Group, life_seconds: float) -> tuple[float, float, int]:
    """Kill the leader some time from now; return the seconds to the next role and draws, and its number of answers.

    The replacement starts at once, and takes part from the next round on, when it has answered.
    """
    until = monotonic() + life_seconds
    servers.wait(lambda: monotonic() > until, PATIENCE_SECONDS, "time passes")
    (leader,) = servers.leaders()
    servers.require_lock_of(leader)
    servers.forget(leader)
    leader.running.kill()
    killed, known = monotonic(), servers.draws
    servers.start()
    role = servers.wait(lambda: bool(servers.leaders()), PATIENCE_SECONDS, "another leads")
    servers.wait(lambda: servers.draws > known, PATIENCE_SECONDS, "draws go on")
    move = monotonic() - killed
    if move > allowed(TAKEOVER_SECONDS_MAX):
        raise SoakError(f"draws went on only {move:.2f} s after the kill")
    servers.wait(lambda: _settled(servers), PATIENCE_SECONDS, "the replacement follows")
    return role, move, leader.answers


def _require_same(place: Place, folder: Path) -> int:
    """Compare with a universe of as many draws that nobody disturbed; returns their number."""
    status = require_whole(place, folder / "logs")
    (game,) = status["games"]
    draws: int = game["draw_number"]
    words = ("run", "--mode", "test", "--dry-run", "--limit", draws, "--draws-per-day", DRAWS_PER_DAY)
    peace = document_of(*words, folder=folder / "logs")
    if peace["fingerprint"] != status["fingerprint"]:
        raise SoakError(f"fingerprint {status['fingerprint']}, undisturbed {peace['fingerprint']} at {draws:,} draws")
    return draws
