"""What must hold of a universe after whatever befell its processes; looked at from this process, or by the program."""

import os
from pathlib import Path
from typing import Any

import attrs

from ops.place import Place
from ops.soak_process import SoakError, document_of
from storage.connection import Location, open_reader, read_transaction
from storage.errors import StoreError
from storage.verify import verify_universe


@attrs.frozen(kw_only=True)
class Held:
    """What a universe holds, by game."""

    draws: dict[str, int]
    results: dict[str, int]


def glance(place: Place) -> Held | None:
    """Verify a universe quickly and return what it holds; None while there is none. SoakError with the difference."""
    if not place.database.exists():
        return None
    try:
        db = open_reader(Location(place.database))
    except StoreError:
        return None
    try:
        with read_transaction(db):
            if not db.pragma("user_version"):
                return None
            verdict = verify_universe(db, full=False)
            if verdict.first_difference is not None:
                raise SoakError(f"verify: {verdict.first_difference}")
            names = dict(db.execute("SELECT game_key, game_id FROM game"))
            draws = dict(db.execute("SELECT game_key, watermark FROM progress"))
            results = dict(db.execute("SELECT game_key, count(*) FROM real_result GROUP BY game_key"))
    finally:
        db.close()
    return Held(
        draws={name: draws.get(key, 0) for key, name in names.items()},
        results={name: results.get(key, 0) for key, name in names.items()},
    )


def where(place: Place) -> tuple[str, ...]:
    """Return the options that name a universe."""
    return ("--mode", place.mode, "--data-dir", str(place.data_dir))


def require_whole(place: Place, folder: Path) -> dict[str, Any]:
    """Verify everything by the program and return the universe's status, fingerprint included; SoakError otherwise."""
    verdict = document_of("verify", *where(place), "--full", folder=folder)
    if not verdict["ok"]:
        raise SoakError(f"verify --full: {verdict['first_difference']}")
    status: dict[str, Any] = document_of("status", *where(place), folder=folder)
    return status


def allowed(seconds: float) -> float:
    """Return how long something may take here and now: longer where more wants to run than there are processors."""
    return seconds * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def median(values: list[float]) -> float | None:
    """Return the median, rounded, None of nothing."""
    ordered = sorted(values)
    return round(ordered[len(ordered) // 2], 3) if ordered else None


def worst(values: list[float]) -> float | None:
    """Return the largest, rounded, None of nothing."""
    return round(max(values), 3) if values else None
