"""``race``: many processes started in the same instant on nothing at all; one leads, the others follow."""

import shutil
from pathlib import Path
from time import monotonic
from typing import Any

from ops.place import Place
from ops.soak_group import Group, group
from ops.soak_process import Note, SoakError
from ops.soak_verdict import require_whole, worst

STARTERS = 20
PATIENCE_SECONDS = 120.0


def soak_race(count: int, seed: int, folder: Path, note: Note, starters: int = STARTERS) -> dict[str, Any]:
    """Race so many times and return how long it took to settle; SoakError with the round if one does not."""
    begun, settled, ended = monotonic(), list[float](), list[float]()
    for number in range(count):
        place = Place(folder / f"race-{number}", "test")
        try:
            with group(place, "--limit", 1_000_000, "--rate", 500, folder=folder / "logs") as servers:
                for _ in range(starters):
                    servers.start()
                settled.append(
                    servers.wait(lambda: _settled(servers, starters), PATIENCE_SECONDS, "one leads, all answer")
                )
                servers.require_lock_of(servers.leaders()[0])
                ended.append(servers.finish())
            require_whole(place, folder / "logs")
        except SoakError as broken:
            raise SoakError(f"seed {seed}, round {number}: {broken}; kept in {folder}") from broken
        shutil.rmtree(place.data_dir)
        note(f"round {number}: settled after {settled[-1]:.1f} s")
    return {
        "soak": "race",
        "races": count,
        "starters": starters,
        "settled_seconds_worst": worst(settled),
        "ended_seconds_worst": worst(ended),
        "seconds": round(monotonic() - begun, 1),
    }


def _settled(servers: Group, starters: int) -> bool:
    """Whether everybody has answered, of one universe, one of them leading and the others following."""
    roles = [client.role for client in servers.clients if client.answers]
    universes = {client.universe_id for client in servers.clients if client.answers}
    if len(universes) > 1:
        raise SoakError(f"universes: {universes}")
    return sorted(roles) == ["follower"] * (starters - 1) + ["leader"]
