"""Proof documents: what is read back is what was written, it fits a message, and no changed document holds."""

import base64
import json
from datetime import date
from typing import Any

import attrs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.strategies import games
from universe.calendar import LogicalClock
from universe.catalogue import shipped_games
from universe.game import Game, Period, Pool, RestOfDrum
from universe.merkle import (
    consistency_path,
    inclusion_path,
    leaf_data,
    leaf_hash,
    levels_over,
    nodes_in,
    tree_of,
    tree_root,
)
from universe.proofs import (
    ConsistencyProof,
    DrawProof,
    Head,
    Proof,
    ProofError,
    ResultProof,
    draw_proof_of,
    proof_document,
    proof_from_document,
    result_message,
)
from universe.seed import draw_rank, ranks_of_draws

DAY = date(2026, 11, 21)
DOCUMENT_BYTES_MAX = 2_048
SIZE = 21


def head(nodes: Any, size: int) -> Head:
    return Head(tree_size=size, root=tree_root(size, nodes))


def clock_of(game: Game, draws_per_day: int = 5) -> LogicalClock:
    return LogicalClock(game=game, epoch=DAY, draws_per_day=draws_per_day)


def proof_of_draw(game: Game, number: int, size: int = SIZE) -> DrawProof:
    nodes = nodes_in(tree_of(ranks_of_draws(clock_of(game), 1, size)))
    return draw_proof_of(clock_of(game), number, head(nodes, size), inclusion_path(number - 1, size, nodes))


def proof_of_result(place: int, size: int = SIZE) -> ResultProof:
    nodes = nodes_in(levels_over(leaf_hash(result_text(one).encode()) for one in range(size)))
    return ResultProof(
        game_id="GAME",
        draw_date=date(2026, 1, 1 + place),
        main=f"4 8 {place + 9}",
        bonus="",
        leaf_index=place,
        head=head(nodes, size),
        path=inclusion_path(place, size, nodes),
    )


def result_text(place: int) -> str:
    return result_message("GAME", f"2026-01-{1 + place:02}", f"4 8 {place + 9}", "")


def proof_of_growth(old_size: int, size: int = SIZE) -> ConsistencyProof:
    nodes = nodes_in(levels_over(leaf_hash(leaf_data(place)) for place in range(size)))
    return ConsistencyProof(
        game_id="GAME",
        log="draws",
        old=head(nodes, old_size),
        head=head(nodes, size),
        path=consistency_path(old_size, size, nodes),
    )


proofs: st.SearchStrategy[Proof] = st.one_of(
    st.builds(proof_of_draw, games(), st.integers(1, SIZE)),
    st.builds(proof_of_result, st.integers(0, SIZE - 1)),
    st.builds(proof_of_growth, st.integers(1, SIZE)),
)


@given(proofs)
def test_a_document_is_read_as_what_was_written(proof: Proof) -> None:
    assert proof.holds()
    assert proof_from_document(json.loads(json.dumps(proof_document(proof)))) == proof


@given(proofs)
def test_a_proof_with_another_root_or_fact_does_not_hold(proof: Proof) -> None:
    other = attrs.evolve(proof.head, root=bytes(32))
    assert not attrs.evolve(proof, head=other).holds()
    if isinstance(proof, DrawProof):
        assert not attrs.evolve(proof, rank=proof.rank ^ 1).holds()
    elif isinstance(proof, ResultProof):
        assert not attrs.evolve(proof, draw_date=DAY).holds()
        assert not attrs.evolve(proof, main=f"{proof.main} 1").holds()
    else:
        assert not attrs.evolve(proof, old=other).holds()


@given(games(), st.integers(1, SIZE), st.integers(1, SIZE))
def test_a_draw_is_at_no_other_place(game: Game, number: int, other: int) -> None:
    """Unless both places have the same leaf: then either may stand there."""
    proof = proof_of_draw(game, number)
    assume(proof_of_draw(game, other).rank != proof.rank)
    assert not attrs.evolve(proof, draw_number=other).holds()


@given(proofs)
def test_a_head_is_read_as_it_is_printed(proof: Proof) -> None:
    assert Head.from_text(str(proof.head)) == proof.head


@pytest.mark.parametrize(
    "text", ["", "5", "5:", ":ab", "0:" + 64 * "a", "5:" + 63 * "a", "5:" + 64 * "A", "-5:" + 64 * "a"]
)
def test_what_is_no_head_is_refused(text: str) -> None:
    with pytest.raises(ProofError, match=r"is no root: it takes SIZE:HEX"):
        Head.from_text(text)


@pytest.mark.parametrize("game", [*shipped_games().values()], ids=lambda game: game.game_id)
def test_a_proof_in_a_large_log_fits_a_message(game: Game) -> None:
    """A hundred million draws: 27 hashes; the last draw of a thousand million: 30."""
    for number, hashes in ((100_000_000, 27), (1_000_000_000, 30)):
        head = Head(tree_size=number, root=bytes(32))
        large = draw_proof_of(clock_of(game, 227_500), number, head, (bytes(32),) * hashes)
        assert len(json.dumps(proof_document(large))) < DOCUMENT_BYTES_MAX


def test_ranks_that_readers_would_round_are_text() -> None:
    rest = RestOfDrum(picked=2)
    daily = Period(start=date(2020, 1, 1), days=("Mon",))
    game = Game(game_id="LARGE", since=daily.start, main=Pool(picked=12, size=90), bonus=rest, schedule=(daily,))
    document = proof_document(proof_of_draw(game, 3))
    assert document["bonus"] == {"picked": 2, "rest_of_drum": True}
    assert document["outcomes"] == str(game.outcomes)
    assert document["rank"] == str(draw_rank(game, date(2026, 11, 23), 3))  # the Monday after


def test_a_document_says_all_that_is_needed() -> None:
    game = shipped_games()["GAME_001"]
    document = proof_document(proof_of_draw(game, 1))
    path = document.pop("path")
    assert [len(part) for part in path] == [44] * 5
    assert document == {
        "version": 1,
        "proves": "draw",
        "game_id": "GAME_001",
        "main": {"picked": 5, "size": 47},
        "bonus": {"picked": 1, "size": 27},
        "outcomes": 41416353,
        "epoch": "2026-11-21",
        "draws_per_day": 5,
        "draw_number": 1,
        "draw_date": "2026-11-21",
        "message": "GAME_001|2026-11-21|1",
        "digest": "186317243c0eefd432cf68c789e645f3bd2b736dfb036d533fa9b9deb2f0a05d",
        "rank": 324176,
        "main_numbers": [4, 6, 8, 12, 20],
        "bonus_numbers": [15],
        "leaf_index": 0,
        "tree_size": SIZE,
        "root": proof_of_draw(game, 1).head.root.hex(),
    }


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"version": 2}, "version 2 of a proof; this program reads 1"),
        ({"proves": "nothing"}, "no proof: 'nothing' is missing or unknown"),
        ({"root": "xyz"}, "no proof: non-hexadecimal"),
        ({"root": "ab" * 31}, "no proof: a hash has 32 bytes, not 31"),
        ({"path": ["*"]}, "no proof: "),
        ({"path": [44 * "A" + "\n"]}, "no proof: "),
        ({"path": [base64.b64encode(bytes(40)).decode()]}, "no proof: a hash has 32 bytes, not 40"),
        ({"game_id": "GAME|001"}, r"no proof: 'GAME\|001' is no game's id: \[A-Z"),
        ({"game_id": "GAME\n"}, r"no proof: 'GAME\\n' is no game's id: "),
        ({"game_id": None}, "no proof: "),
        ({"epoch": "today"}, "no proof: Invalid isoformat"),
        ({"path": None}, "no proof: "),
        ({"main": {"picked": 5, "size": 3}}, "no proof: cannot pick 5 numbers out of 3"),
        ({"draw_date": "yesterday"}, "no proof: Invalid isoformat"),
    ],
)
def test_what_is_no_proof_is_refused(change: dict[str, Any], fault: str) -> None:
    document = proof_document(proof_of_draw(shipped_games()["GAME_001"], 1))
    with pytest.raises(ProofError, match=f"^{fault}"):
        proof_from_document(document | change)
    with pytest.raises(ProofError, match=r"^no proof: 'version' is missing or unknown"):
        proof_from_document({})


def test_a_root_of_before_has_the_length_of_a_hash() -> None:
    document = proof_document(proof_of_growth(3))
    with pytest.raises(ProofError, match=r"^no proof: a hash has 32 bytes, not 40"):
        proof_from_document(document | {"old_root": "ab" * 40})
