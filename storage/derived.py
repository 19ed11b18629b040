"""Tables that trail behind the draws, and what becomes of them where they are damaged: all of it can be made again.

So it is forgotten, for the same actors to make it anew, and a universe is never kept from drawing by what it could do
without. Nothing else is ever forgotten: what cannot be made again stays as it is, for ``universe verify`` to name.
"""

from typing import Literal

import apsw

from storage.errors import StoreDamaged
from storage.interface import Forgotten
from storage.proof_log import append_blocks, forget_blocks, log_fault
from storage.registry import require_game_key
from universe.units import HistoriesUnit, ProofUnit

Derived = Literal["proof_node", "null_histories"]


def fault_in(db: apsw.Connection, key: int, table: Derived) -> str | None:
    """Return which row of a game has not the place or the length that it was written with; None if all have.

    What the rows hold is for ``universe verify`` to check: this is done at every start.
    """
    if table == "proof_node":
        return log_fault(db, key)
    from storage.fairness import histories_fault

    return histories_fault(db, key)


def forget(db: apsw.Connection, key: int, table: Derived) -> None:
    """Delete a game's rows; runs in the caller's transaction."""
    if table == "proof_node":
        forget_blocks(db, key)
    else:
        from storage.fairness import forget_figures

        forget_figures(db, key)


def keep_derived(db: apsw.Connection, unit: ProofUnit | HistoriesUnit) -> Forgotten | None:
    """Keep what was made behind the draws; where that meets damage all of the table is forgotten, and told."""
    key = require_game_key(db, unit.game_id)
    table: Derived = "proof_node" if isinstance(unit, ProofUnit) else "null_histories"
    try:
        if isinstance(unit, ProofUnit):
            append_blocks(db, key, unit.first, unit.roots)
        else:
            from storage.fairness import keep_histories

            keep_histories(db, key, unit)
    except StoreDamaged as damage:
        forget(db, key, table)
        return Forgotten(game_id=unit.game_id, table=table, fault=str(damage))
    return None
