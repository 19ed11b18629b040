"""get_audit_proof: anybody can check what it hands out, with the stand-alone checker and a root known before."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from storage.reader import Reader
from tests.storage.universes import draw_to, new_store, trail
from tests.tools.fakes import HUGE, TINY, TINY_REST, answer, call, refusal, text_of
from tests.tools.measured import DRAWS, MEASURED, Universe, clock_of, document, measured_universe
from tests.tools.test_answers import facts
from tests.tools.test_store import StoreSource
from universe.game import Game
from universe.merkle import BLOCK_LEAVES, nodes_in, tree_of, tree_root
from universe.seed import ranks_of_draws

CHECKER = Path(__file__).resolve().parents[2] / "ops" / "check_proof.py"


@pytest.fixture(scope="module")
def universe() -> Iterator[Universe]:
    with measured_universe() as made:
        yield made


@contextmanager
def drawn_only(game: Game, last: int) -> Iterator[Universe]:
    """A universe whose log nobody has built."""
    with new_store(None, game, 100) as store:
        draw_to(store, game, last)
        with closing(Reader.open(store.location, "test", [game])) as reader:
            yield store, StoreSource(store=reader)


def root_over(size: int) -> str:
    """The root over the first draws of MEASURED, from nothing but the seed rule."""
    return tree_root(size, nodes_in(tree_of(ranks_of_draws(clock_of(MEASURED), 1, size)))).hex()


def checked(proof: dict[str, Any], root: str) -> tuple[int, str]:
    """Run the checker as anybody would: a process of its own that sees the document alone."""
    command = [sys.executable, "-I", str(CHECKER), "--root", root]
    ran = subprocess.run(command, input=json.dumps(proof), capture_output=True, text=True, check=False)
    return ran.returncode, ran.stdout + ran.stderr


PROOFS: tuple[dict[str, Any], ...] = (
    {"draw_number": 1},
    {"draw_number": BLOCK_LEAVES + 1, "from_size": BLOCK_LEAVES},
    {"draw_number": DRAWS, "from_size": 1},
    {"draw_number": 5_000, "tree_size": 5_000, "from_size": 5_000},
    {"draw_number": 3, "tree_size": 2_049, "from_size": 777},
    {"draw_number": 1, "tree_size": 1},
)


@pytest.mark.parametrize("asked", PROOFS, ids=json.dumps)
async def test_the_checker_accepts_a_proof_and_what_it_says_of_the_logs_growth(
    universe: Universe, asked: dict[str, Any]
) -> None:
    proof = await answer(universe[1], "get_audit_proof", game_id="MEASURED", **asked)
    size = asked.get("tree_size", DRAWS)
    assert (proof["tree_size"], proof["root"], proof["leaf_index"]) == (size, root_over(size), asked["draw_number"] - 1)
    code, told = checked(proof, f"{size}:{root_over(size)}")
    assert (code, told.startswith("ok: MEASURED|")) == (0, True), told
    if "from_size" not in asked:
        assert proof["consistency"] is None
        return
    grown, old = proof["consistency"], asked["from_size"]
    assert (grown["old_size"], grown["tree_size"], grown["root"]) == (old, size, proof["root"])
    code, told = checked(grown, f"{old}:{root_over(old)}")
    assert (code, told.startswith("ok: the log only grew")) == (0, True), told


def test_the_checker_refuses_another_root_and_another_draw(universe: Universe) -> None:
    """So that the test above is one."""
    proof = document(universe, "get_audit_proof", game_id="MEASURED", draw_number=9)
    head = f"{DRAWS}:{proof['root']}"
    assert checked(proof, f"{DRAWS}:{root_over(DRAWS - 1)}")[0] == 1
    assert checked(proof | {"main_numbers": [1, 2, 3]}, head)[0] == 1
    assert checked(proof | {"path": proof["path"][::-1]}, head)[0] == 1


@pytest.mark.parametrize("game", [TINY, TINY_REST, HUGE], ids=lambda game: game.game_id)
async def test_a_draw_of_any_kind_of_game_can_be_checked(game: Game) -> None:
    """Without a bonus, with one from the rest of the drum, and with ranks that travel as text."""
    with drawn_only(game, 40) as (_, source):
        proof = await answer(source, "get_audit_proof", draw_number=40, from_size=31)
        result = await call(source, "get_audit_proof", draw_number=40, from_size=31)
    assert checked(proof, f"40:{proof['root']}")[0] == 0
    assert checked(proof["consistency"], f"40:{proof['root']}")[0] == 0
    assert [fact for fact in facts(result.structured_content) if str(fact) not in text_of(result)] == []
    assert isinstance(proof["rank"], str if game is HUGE else int)


def test_the_root_of_a_size_never_changes_however_far_log_and_draws_are() -> None:
    from actors.prover import PROVER

    with drawn_only(MEASURED, 1_500) as (store, source):
        roots = []
        for last in (1_500, 2_100, 4_000):
            draw_to(store, MEASURED, last)
            for _ in range(2):
                asked = {"draw_number": 1_100, "tree_size": 1_500, "game_id": "MEASURED"}
                roots.append(document((store, source), "get_audit_proof", **asked)["root"])
                trail(store, MEASURED, PROVER)
    assert len(set(roots)) == 1


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"draw_number": DRAWS + 1}, f"MEASURED: draw {DRAWS + 1} has not been made, the last draw is {DRAWS}"),
        ({"draw_number": 10**18}, f"has not been made, the last draw is {DRAWS}"),
        ({"draw_number": 1, "tree_size": DRAWS + 1}, f"a tree of {DRAWS + 1} draws: MEASURED has {DRAWS} draws so far"),
        ({"draw_number": 8, "tree_size": 7}, "draw 8 is not among the first 7"),
        ({"draw_number": 8, "tree_size": 9, "from_size": 10}, "an old tree of 10 draws: it may have 1 to 9"),
        ({"draw_number": 1, "from_size": DRAWS + 1}, f"an old tree of {DRAWS + 1} draws: it may have 1 to {DRAWS}"),
        ({"draw_number": 0}, "draw_number must be an integer from 1"),
        ({"draw_number": 1, "tree_size": 0}, "tree_size must be an integer from 1"),
        ({"draw_number": 1, "from_size": -1}, "from_size must be an integer from 1"),
        ({}, "draw_number is missing"),
        ({"draw_number": 1, "game_id": "FRESH"}, "FRESH: draw 1 has not been made, it has none yet"),
        ({"draw_number": 1, "game_id": "CHANGED"}, "CHANGED: draw 1 has not been made, it has none yet"),
        ({"draw_number": 1, "game_id": "NONE"}, "unknown game NONE"),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else "",
)
async def test_what_is_not_in_the_log_is_refused_in_one_line(
    universe: Universe, asked: dict[str, Any], told: str
) -> None:
    assert told in await refusal(universe[1], "get_audit_proof", **{"game_id": "MEASURED", **asked})


async def test_while_the_log_lags_the_draws_it_covers_are_proven_and_the_others_refused() -> None:
    from actors.prover import hash_blocks

    lag = 3 * BLOCK_LEAVES
    with drawn_only(MEASURED, lag) as (store, source):
        line = await refusal(source, "get_audit_proof", draw_number=1)
        assert line == (f"draw 1 is not among the first 0: the log of MEASURED covers 0 of {lag} and is being built")
        (pending,) = store.pending_blocks("MEASURED", BLOCK_LEAVES)
        store.commit(hash_blocks([pending]))
        assert document((store, source), "get_audit_proof", draw_number=lag)["tree_size"] == lag  # two are made at once
        draw_to(store, MEASURED, lag + 1)
        assert document((store, source), "get_audit_proof", draw_number=BLOCK_LEAVES)["tree_size"] == BLOCK_LEAVES
        for asked in ({"draw_number": BLOCK_LEAVES + 1}, {"draw_number": 1, "tree_size": lag}):
            line = await refusal(source, "get_audit_proof", **asked)
            assert f"covers {BLOCK_LEAVES} of {lag + 1} and is being built" in line


async def test_a_log_that_is_damaged_proves_nothing() -> None:
    with measured_universe() as (store, source):
        with store.writing() as db:
            db.execute("UPDATE proof_node SET hashes = zeroblob(length(hashes)) WHERE level = 10")
        line = await refusal(source, "get_audit_proof", draw_number=BLOCK_LEAVES + 1, game_id="MEASURED")
        assert "the log is damaged" in line
        assert "universe verify" in line
