"""Proofs out of a universe: that a draw or a real result is in its log, and that a log only grew.

Every proof is checked before it is handed out: one that does not hold means that what is stored is damaged.
"""

from collections.abc import Callable
from datetime import date
from functools import cached_property
from typing import Protocol, Self, TypeVar

import apsw
import attrs

from storage.encoding import result_from_row, row_digest
from storage.errors import StoreDamaged
from storage.proof_log import draw_nodes, logged_blocks
from storage.registry import game_id_of, require_clock, stored_watermark
from storage.schema import DIGESTED, with_game
from universe.calendar import LogicalClock
from universe.merkle import (
    BLOCK_LEAVES,
    Nodes,
    consistency_path,
    inclusion_path,
    leaf_hash,
    levels_over,
    nodes_in,
    tree_root,
)
from universe.proofs import (
    ConsistencyProof,
    DrawProof,
    Head,
    LogName,
    Proof,
    ProofError,
    ResultProof,
    draw_proof_of,
    result_message,
)

MISSING_DRAWS_MAX = 2 * BLOCK_LEAVES  # so many draws that are not logged yet an answer draws and hashes itself

SomeProof = TypeVar("SomeProof", bound=Proof)


class Log(Protocol):
    """A log as it is at one moment."""

    @property
    def name(self) -> LogName:
        """What its leaves are."""
        ...

    @property
    def game_id(self) -> str:
        """Whose it is."""
        ...

    @property
    def leaves(self) -> int:
        """How many leaves there are."""
        ...

    @property
    def provable(self) -> int:
        """The size of the largest tree that can be proven now."""
        ...

    def nodes(self, tree_size: int) -> Nodes:
        """Return the tree over the first leaves."""
        ...


@attrs.frozen(kw_only=True)
class DrawLog:
    """The log of a game's draws; up to ``missing_max`` that it lacks are drawn and hashed on the way.

    ``tick`` is told the last of those so far. All reads belong into one read transaction.
    """

    db: apsw.Connection
    key: int
    clock: LogicalClock
    watermark: int
    missing_max: int = MISSING_DRAWS_MAX
    tick: Callable[[int], None] = lambda _: None

    @classmethod
    def of_game(cls, db: apsw.Connection, key: int) -> Self:
        """Return the log of a game's draws as it is now; StoreError if its simulation is not initialised."""
        return cls(db=db, key=key, clock=require_clock(db, key), watermark=stored_watermark(db, key))

    @property
    def name(self) -> LogName:
        """Draws."""
        return "draws"

    @property
    def game_id(self) -> str:
        """The game's id."""
        return self.clock.game.game_id

    @property
    def leaves(self) -> int:
        """All draws."""
        return self.watermark

    @cached_property
    def logged(self) -> int:
        """The draws whose blocks are in the log."""
        return logged_blocks(self.db, self.key) * BLOCK_LEAVES

    @property
    def provable(self) -> int:
        """All draws, unless the log lacks more than may be made on the way: then those it has."""
        return self.watermark if self.watermark - self.logged <= self.missing_max else self.logged

    def nodes(self, tree_size: int) -> Nodes:
        """Return the tree over the first draws."""
        return draw_nodes(self.db, self.key, self.clock, tree_size, self.tick)


@attrs.frozen(kw_only=True)
class ResultLog:
    """The log of a game's real results, in the order of storing: few enough to be hashed anew each time."""

    game_id: str
    rows: tuple[tuple[str, str, str], ...]  # date, main and bonus numbers, as stored

    @classmethod
    def of_game(cls, db: apsw.Connection, key: int) -> Self:
        """Return the log of a game's results as it is now; StoreDamaged for a row that is not as it was written."""
        game_id, table = game_id_of(db, key), with_game("real_result")
        sql = f"SELECT digest, {DIGESTED['real_result']} FROM {table} WHERE game_key = ? ORDER BY result"
        return cls(game_id=game_id, rows=tuple(_intact(game_id, *row) for row in db.execute(sql, (key,))))

    @property
    def name(self) -> LogName:
        """Results."""
        return "results"

    @property
    def leaves(self) -> int:
        """All results."""
        return len(self.rows)

    @property
    def provable(self) -> int:
        """All results."""
        return len(self.rows)

    def nodes(self, tree_size: int) -> Nodes:
        """Return the tree over the first results."""
        return nodes_in(
            levels_over(leaf_hash(result_message(self.game_id, *row).encode("ascii")) for row in self.rows[:tree_size])
        )


def _intact(game_id: str, digest: bytes, *values: str) -> tuple[str, str, str]:
    """Return date, main and bonus numbers of a row whose digest is that of what it says; StoreDamaged for another."""
    _, draw_date, main, bonus, *_ = values
    if digest != row_digest("real_result", *values):
        raise StoreDamaged(f"{game_id}: real_result, {draw_date}: the row was changed; its digest is that of another")
    result_from_row(draw_date, main, bonus)
    return draw_date, main, bonus


def tree_head(log: Log, tree_size: int | None = None) -> Head:
    """Return the root over a log's first leaves, by default all that can be proven; ProofError for a tree too large."""
    size = _size(log, tree_size)
    return _head(log.nodes(size), size)


def draw_proof(log: DrawLog, draw_number: int, tree_size: int | None = None) -> DrawProof:
    """Return the proof of a draw in the tree over the first draws; ProofError for a draw or tree that is not there."""
    if not 1 <= draw_number <= log.watermark:
        raise ProofError(f"draw {draw_number}: {log.game_id} has {_count(log)}")
    size = _size(log, tree_size)
    if draw_number > size:
        building = f": {_building(log)}" if tree_size is None else ""
        raise ProofError(f"draw {draw_number} is not among the first {size}{building}")
    nodes = log.nodes(size)
    path = inclusion_path(draw_number - 1, size, nodes)
    proof = draw_proof_of(log.clock, draw_number, _head(nodes, size), path)
    return _sound(proof, f"draw {draw_number}")


def result_proof(log: ResultLog, draw_date: date, tree_size: int | None = None) -> ResultProof:
    """Return the proof of a date's real result; ProofError for a date without one, or a tree that is not there."""
    places = {day: place for place, (day, _, _) in enumerate(log.rows)}
    if (place := places.get(draw_date.isoformat())) is None:
        raise ProofError(f"{draw_date}: {log.game_id} has no real result of this date")
    size = _size(log, tree_size)
    if place >= size:
        raise ProofError(f"{draw_date} is real result {place + 1} in the order of storing, not among the first {size}")
    nodes, (_, main, bonus) = log.nodes(size), log.rows[place]
    proof = ResultProof(
        game_id=log.game_id,
        draw_date=draw_date,
        main=main,
        bonus=bonus,
        leaf_index=place,
        head=_head(nodes, size),
        path=inclusion_path(place, size, nodes),
    )
    return _sound(proof, f"result of {draw_date}")


def consistency_proof(log: Log, old_size: int, tree_size: int | None = None) -> ConsistencyProof:
    """Return the proof that one tree of a log is what a later one begins with; ProofError for sizes it cannot have."""
    size = _size(log, tree_size)
    if not 1 <= old_size <= size:
        raise ProofError(f"an old tree of {old_size} {log.name}: it may have 1 to {size}")
    nodes = log.nodes(size)
    proof = ConsistencyProof(
        game_id=log.game_id,
        log=log.name,
        old=_head(nodes, old_size),
        head=_head(nodes, size),
        path=consistency_path(old_size, size, nodes),
    )
    return _sound(proof, f"trees of {old_size} and {size}")


def _size(log: Log, wanted: int | None) -> int:
    """Return the size of the tree that is asked for."""
    size = log.provable if wanted is None else wanted
    if not 0 <= size <= log.leaves:
        raise ProofError(f"a tree of {size} {log.name}: {log.game_id} has {_count(log)}")
    if size > log.provable:
        raise ProofError(f"a tree of {size} {log.name} cannot be proven yet: {_building(log)}")
    return size


def _count(log: Log) -> str:
    return f"{log.leaves} {log.name} so far"


def _building(log: Log) -> str:
    return f"the log of {log.game_id} covers {log.provable} of {log.leaves} and is being built"


def _head(nodes: Nodes, tree_size: int) -> Head:
    return Head(tree_size=tree_size, root=tree_root(tree_size, nodes))


def _sound(proof: SomeProof, what: str) -> SomeProof:
    """Return a proof that holds; StoreDamaged for one that the stored nodes do not fit."""
    if not proof.holds():
        raise StoreDamaged(
            f"{proof.game_id}: proof_node, {what}: the log is damaged; `universe verify --full` says where"
        )
    return proof
