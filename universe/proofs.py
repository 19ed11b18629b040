"""Proofs as documents: all that a stranger needs to check them, with ``ops/check_proof.py`` or by hand.

Two logs a game: of its draws (a leaf is a rank, 8 bytes big-endian, in draw order) and of its real results (a leaf is
the text ``GAME_001|2000-06-07|4 8 15 16 23|42``, in the order of storing).
"""

import base64
import re
import reprlib
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Literal, Self

import attrs

from universe.calendar import LogicalClock
from universe.draws import SAFE_INTEGER_MAX, explained_draw
from universe.errors import UniverseError
from universe.game import GAME_ID_PATTERN, Pool, RestOfDrum
from universe.merkle import HASH_BYTES, leaf_data, leaf_hash, verify_consistency, verify_inclusion

VERSION = 1
HEAD_TEXT = re.compile(r"[1-9][0-9]{0,17}:[0-9a-f]{64}")

LogName = Literal["draws", "results"]


class ProofError(UniverseError):
    """Nothing that can be proven: no such leaf or tree, or not yet; or a document that is no proof."""


@attrs.frozen(kw_only=True)
class Head:
    """What a log commits to: the root over its first ``tree_size`` leaves."""

    tree_size: int
    root: bytes

    def __str__(self) -> str:
        return f"{self.tree_size}:{self.root.hex()}"

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return what SIZE:HEX says, as a head is printed; ProofError for any other text."""
        if not HEAD_TEXT.fullmatch(text):
            raise ProofError(f"{reprlib.repr(text)} is no root: it takes SIZE:HEX as `universe proof` prints it")
        size, _, root = text.partition(":")
        return cls(tree_size=int(size), root=bytes.fromhex(root))


@attrs.frozen(kw_only=True)
class DrawProof:
    """That a draw is in the log: its every step by the seed rule, and the path from its leaf to the root.

    ``epoch`` and ``draws_per_day`` tell its logical day, on or after which ``draw_date`` is the first draw date.
    """

    game_id: str
    main: Pool
    bonus: Pool | RestOfDrum | None
    outcomes: int
    epoch: date
    draws_per_day: int
    draw_number: int
    draw_date: date
    message: str
    digest: str  # 64 hex digits
    rank: int
    main_numbers: tuple[int, ...]
    bonus_numbers: tuple[int, ...]
    head: Head
    path: tuple[bytes, ...]

    @property
    def leaf_index(self) -> int:
        """Leaves count from 0, draws from 1."""
        return self.draw_number - 1

    def holds(self) -> bool:
        """Whether the path leads from the rank to the root."""
        leaf = leaf_hash(leaf_data(self.rank))
        return verify_inclusion(leaf, self.leaf_index, self.head.tree_size, self.path, self.head.root)


@attrs.frozen(kw_only=True)
class ResultProof:
    """That a real result is in the log, with its numbers as they are stored."""

    game_id: str
    draw_date: date
    main: str
    bonus: str
    leaf_index: int
    head: Head
    path: tuple[bytes, ...]

    @property
    def message(self) -> str:
        """The leaf's text."""
        return result_message(self.game_id, self.draw_date.isoformat(), self.main, self.bonus)

    def holds(self) -> bool:
        """Whether the path leads from the result's text to the root."""
        leaf = leaf_hash(self.message.encode("ascii"))
        return verify_inclusion(leaf, self.leaf_index, self.head.tree_size, self.path, self.head.root)


@attrs.frozen(kw_only=True)
class ConsistencyProof:
    """That a log only grew: an old tree of it is what its newer one begins with."""

    game_id: str
    log: LogName
    old: Head
    head: Head
    path: tuple[bytes, ...]

    def holds(self) -> bool:
        """Whether the path leads to both roots."""
        old, new = self.old, self.head
        return verify_consistency(old.tree_size, old.root, new.tree_size, new.root, self.path)


Proof = DrawProof | ResultProof | ConsistencyProof


def result_message(game_id: str, draw_date: str, main: str, bonus: str) -> str:
    """Return the text whose ASCII is the leaf of a real result."""
    return f"{game_id}|{draw_date}|{main}|{bonus}"


def draw_proof_of(clock: LogicalClock, draw_number: int, head: Head, path: tuple[bytes, ...]) -> DrawProof:
    """Return the proof of a draw that the seed rule makes."""
    game = clock.game
    draw = explained_draw(game, clock.draw_date(draw_number), draw_number)
    return DrawProof(
        game_id=game.game_id,
        main=game.main,
        bonus=game.bonus,
        outcomes=game.outcomes,
        epoch=clock.epoch,
        draws_per_day=clock.draws_per_day,
        draw_number=draw_number,
        draw_date=draw.draw_date,
        message=draw.message,
        digest=draw.digest,
        rank=draw.rank,
        main_numbers=draw.main_numbers,
        bonus_numbers=draw.bonus_numbers,
        head=head,
        path=path,
    )


# to and from JSON: a path's hashes in base64, roots and digests in hexadecimal, as people compare them


def proof_document(proof: Proof) -> dict[str, Any]:
    """Return a proof as JSON shows it."""
    match proof:
        case DrawProof():
            proves, facts = "draw", _draw_facts(proof)
        case ResultProof():
            proves, facts = "result", _result_facts(proof)
        case ConsistencyProof():
            proves, facts = "consistency", _consistency_facts(proof)
    return {
        "version": VERSION,
        "proves": proves,
        "game_id": proof.game_id,
        **facts,
        "tree_size": proof.head.tree_size,
        "root": proof.head.root.hex(),
        "path": [base64.b64encode(part).decode() for part in proof.path],
    }


def _draw_facts(proof: DrawProof) -> dict[str, Any]:
    rest = isinstance(proof.bonus, RestOfDrum)
    bonus = None if proof.bonus is None else attrs.asdict(proof.bonus) | ({"rest_of_drum": True} if rest else {})
    exact = str if proof.outcomes > SAFE_INTEGER_MAX else int
    return {
        "main": attrs.asdict(proof.main),
        "bonus": bonus,
        "outcomes": exact(proof.outcomes),
        "epoch": proof.epoch.isoformat(),
        "draws_per_day": proof.draws_per_day,
        "draw_number": proof.draw_number,
        "draw_date": proof.draw_date.isoformat(),
        "message": proof.message,
        "digest": proof.digest,
        "rank": exact(proof.rank),
        "main_numbers": list(proof.main_numbers),
        "bonus_numbers": list(proof.bonus_numbers),
        "leaf_index": proof.leaf_index,
    }


def _result_facts(proof: ResultProof) -> dict[str, Any]:
    return {"message": proof.message, "leaf_index": proof.leaf_index}


def _consistency_facts(proof: ConsistencyProof) -> dict[str, Any]:
    return {"log": proof.log, "old_size": proof.old.tree_size, "old_root": proof.old.root.hex()}


def proof_from_document(document: Mapping[str, Any]) -> Proof:
    """Return what proof_document was given; ProofError, naming the fault, for any other document."""
    try:
        if document["version"] != VERSION:
            raise ProofError(f"version {document['version']!r} of a proof; this program reads {VERSION}")
        if not re.fullmatch(GAME_ID_PATTERN, document["game_id"]):
            raise ProofError(f"no proof: {reprlib.repr(document['game_id'])} is no game's id: {GAME_ID_PATTERN}")
        return _READERS[document["proves"]](document)
    except KeyError as missing:
        raise ProofError(f"no proof: {missing} is missing or unknown") from missing
    except (TypeError, ValueError, AttributeError) as fault:
        raise ProofError(f"no proof: {fault}") from fault


def _draw_proof(document: Mapping[str, Any]) -> DrawProof:
    bonus = document["bonus"]
    kind = RestOfDrum if bonus and "rest_of_drum" in bonus else Pool
    return DrawProof(
        game_id=document["game_id"],
        main=Pool(**document["main"]),
        bonus=bonus and kind(**{name: value for name, value in bonus.items() if name != "rest_of_drum"}),
        outcomes=int(document["outcomes"]),
        epoch=date.fromisoformat(document["epoch"]),
        draws_per_day=document["draws_per_day"],
        draw_number=document["draw_number"],
        draw_date=date.fromisoformat(document["draw_date"]),
        message=document["message"],
        digest=document["digest"],
        rank=int(document["rank"]),
        main_numbers=tuple(document["main_numbers"]),
        bonus_numbers=tuple(document["bonus_numbers"]),
        head=_head(document["tree_size"], document["root"]),
        path=_path(document),
    )


def _result_proof(document: Mapping[str, Any]) -> ResultProof:
    _, draw_date, main, bonus = document["message"].split("|")
    return ResultProof(
        game_id=document["game_id"],
        draw_date=date.fromisoformat(draw_date),
        main=main,
        bonus=bonus,
        leaf_index=document["leaf_index"],
        head=_head(document["tree_size"], document["root"]),
        path=_path(document),
    )


def _consistency_proof(document: Mapping[str, Any]) -> ConsistencyProof:
    return ConsistencyProof(
        game_id=document["game_id"],
        log=document["log"],
        old=_head(document["old_size"], document["old_root"]),
        head=_head(document["tree_size"], document["root"]),
        path=_path(document),
    )


def _head(tree_size: int, root: str) -> Head:
    return Head(tree_size=tree_size, root=_hash(bytes.fromhex(root)))


def _path(document: Mapping[str, Any]) -> tuple[bytes, ...]:
    return tuple(_hash(base64.b64decode(part, validate=True)) for part in document["path"])


def _hash(part: bytes) -> bytes:
    if len(part) != HASH_BYTES:
        raise ValueError(f"a hash has {HASH_BYTES} bytes, not {len(part)}")
    return part


_READERS: dict[str, Callable[[Mapping[str, Any]], Proof]] = {
    "draw": _draw_proof,
    "result": _result_proof,
    "consistency": _consistency_proof,
}
