"""What follows the draws of each game: the evidence against fairness, and how far the work that trails has come."""

import math
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple, get_args

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric

if TYPE_CHECKING:  # these modules import numpy, and a server answers before it needs any
    import apsw

    from storage.connection import Location
    from storage.views import GameView

LN_10 = math.log(10)

log = structlog.get_logger()


class Behind(NamedTuple):
    """One game: log10 of the newest evidence by stream and drum, draws in the proof log, histories measured."""

    game_id: str
    evidence: dict[tuple[str, str], float]
    logged_draws: int
    histories: int


def evidence_figures(location: "Location", games: "Sequence[GameView]") -> Iterator[Metric]:
    """Yield the figures of games, read by a connection of its own; nothing of what cannot be read."""
    try:
        behind = look_behind(location, games)
    except Exception as fault:  # noqa: BLE001  damaged bytes raise anything, and a scrape does not fail
        log.debug("store.unreadable", reason=f"{type(fault).__name__}: {fault}")
        return
    yield _evidence(behind)
    logged = {game.game_id: game.logged_draws for game in behind}
    yield _per_game("universe_proof_log_draws", "Draws whose blocks are in the log that proofs come from.", logged)
    measured = {game.game_id: game.histories for game in behind}
    yield _per_game("universe_null_histories", "Synthetic histories measured, to hold real results against.", measured)


def look_behind(location: "Location", games: "Sequence[GameView]") -> list[Behind]:
    """Return how games stand, as of one commit: a few rows each, however long their paths are."""
    from storage.connection import open_reader, read_transaction, translated

    if not games:
        return []
    with closing(open_reader(location)) as db, translated(location), read_transaction(db):
        return [_behind(db, view) for view in games]


def _behind(db: "apsw.Connection", view: "GameView") -> Behind:
    from storage.evidence import Stream, newest_evidence
    from storage.fairness import measured_histories
    from storage.proof_log import logged_blocks
    from storage.registry import require_game_key
    from universe.merkle import BLOCK_LEAVES

    key = require_game_key(db, view.game.game_id)
    evidence: dict[tuple[str, str], float] = {}
    for stream in get_args(Stream):
        if newest := newest_evidence(db, key, stream):
            _, _, main, bonus = newest
            evidence[stream, "main"] = main / LN_10
            if view.game.bonus is not None:
                evidence[stream, "bonus"] = bonus / LN_10
    return Behind(view.game.game_id, evidence, logged_blocks(db, key) * BLOCK_LEAVES, measured_histories(db, key))


def _evidence(behind: Sequence[Behind]) -> Metric:
    family = GaugeMetricFamily(
        "universe_evidence_log10",
        "Log10 of the evidence against fair draws; fair ones ever bring it to 3 with a chance of 1 in 1,000 at most.",
        labels=["game_id", "stream", "drum"],
    )
    for game in behind:
        for (stream, drum), value in game.evidence.items():
            family.add_metric([game.game_id, stream, drum], value)
    return family


def _per_game(name: str, meaning: str, values: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, meaning, labels=["game_id"])
    for game_id, value in values.items():
        family.add_metric([game_id], value)
    return family
