"""``universe proof`` and the program it prints: what one proves the other checks, alone; nothing changed passes."""

import base64
import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops import check_proof, proof
from ops.exits import EXIT_DONE
from tests.ops.calling import Call
from tests.test_house import imported
from tests.universe.test_proofs import DAY, proof_of_draw, proof_of_growth, proof_of_result, proofs
from universe.game import Game, Period, Pool
from universe.proofs import ConsistencyProof, DrawProof, Proof, ResultProof, proof_document

LINES_MAX = 100
RESULTS = """draw_date,main,bonus
2000-06-07,2 4 11 15 28,16
2000-06-14,5 13 24 35 45,10
2000-06-10,8 13 14 23 30,6
"""

REFUSED: list[tuple[list[object], str]] = [
    (["--draw", 5_001], "draw 5001: GAME_001 has 5000 draws so far"),
    (["--draw", 5, "--tree-size", 4], "draw 5 is not among the first 4"),
    (["--draw", 5, "--tree-size", 9_999], "a tree of 9999 draws: GAME_001 has 5000 draws so far"),
    (["--draw", 5, "--real", "2000-06-07"], "--draw and --real: one proof at a time"),
    (["--real", "2000-06-17"], "2000-06-17: GAME_001 has no real result of this date"),
    (["--from-size", 10, "--to-size", 9], "an old tree of 10 draws: it may have 1 to 9"),
    (["--to-size", 9], "--to-size 9 needs --from-size, the size of the older tree"),
    (["--tree-size", 9], "--tree-size 9 goes with --draw or --real; --to-size with --from-size"),
    (["--log", "results"], "--log results goes with --from-size; --real DATE proves a real result"),
    (["--game", "GAME_002"], "GAME_002 has no data in this universe; games here: GAME_001"),
]


def verdict(document: Any, root: str | None = None) -> str | None:
    """What the checker says of a document; None: it does not hold, or is none."""
    try:
        return check_proof.check(document, root)
    except (SystemExit, Exception):  # noqa: BLE001  its own main does the same
        return None


# the checker


@given(proofs)
def test_the_checker_takes_what_is_proven(one: Proof) -> None:
    document = json.loads(json.dumps(proof_document(one)))
    told = verdict(document, str(one.head))
    assert told is not None
    assert str(one.head) in told
    if isinstance(one, DrawProof | ResultProof):
        assert told == f"{one.message}, under {one.head}"
    else:
        assert told == f"the log only grew, under {one.old} and {one.head}"
        assert verdict(document, str(one.old)) == told
    for other in ("", "1:00", f"{one.head.tree_size + 1}:{one.head.root.hex()}", one.head.root.hex()):
        assert verdict(document, other) is None


@given(proofs, st.data())
def test_the_checker_takes_nothing_that_was_changed(one: Proof, data: st.DataObject) -> None:
    """Any fact of a proof changed alone: it must fail. Labels (the game of a result or of a log) are no facts.

    A path alone does not bind the size of its tree, which is why a root is published together with it.
    """
    document = json.loads(json.dumps(proof_document(one)))
    labels = set() if isinstance(one, DrawProof) else {"game_id", "log"}
    name = data.draw(st.sampled_from(sorted(document.keys() - labels)))
    document[name] = data.draw(changed(document[name]))
    trusted = [one.head, one.old] if isinstance(one, ConsistencyProof) else [one.head]
    assert any(verdict(document, str(head)) is None for head in trusted), (name, document)
    if name not in {"tree_size", "old_size"}:
        assert verdict(document) is None, (name, document)


def changed(value: Any) -> st.SearchStrategy[Any]:
    """Other values of the same kind, near and far."""
    match value:
        case int():
            return st.one_of(st.just(value + 1), st.just(value - 1), st.integers()).filter(lambda other: other != value)
        case str():
            places = st.integers(0, max(0, len(value) - 1))
            return places.map(lambda at: f"{value[:at]}{'1' if value[at : at + 1] == '0' else '0'}{value[at + 1 :]}")
        case list():
            more = base64.b64encode(bytes(32)).decode()
            cut = [value[1:], value[:-1], [*value, more], [more, *value]] if value else [[more]]
            return st.sampled_from([other for other in cut if other != value] or [[*value, 1]])
        case dict():
            return st.just({**value, "picked": value["picked"] + 1})
        case _:
            return st.just({"picked": 1, "size": 2})


@pytest.mark.parametrize(
    "document", [None, [], {}, 5, "x", {"version": 1}, {"proves": "draw", "tree_size": 1, "path": []}], ids=str
)
def test_what_is_no_proof_is_said_to_be_none(document: Any, tmp_path: Path) -> None:
    file = tmp_path / "proof.json"
    file.write_text(json.dumps(document))
    code, out, err = checked(file)
    assert (code, out) == (2, "")
    assert err.startswith("no proof: ")
    assert len(err.splitlines()) == 1


def test_a_label_is_taken_for_no_root() -> None:
    """The trusted root is held against the roots that were found, not against what a document calls itself."""
    root = f"5:{bytes(32).hex()}"
    grown = proof_document(proof_of_growth(3)) | {"game_id": root, "log": root}
    assert verdict(grown, root) is None
    assert verdict(grown) == verdict(proof_document(proof_of_growth(3)))


def test_a_draw_has_its_own_place() -> None:
    """Where a rank comes up twice, the leaf of one draw must not stand for another."""
    daily = Period(start=DAY, days=("Sat",))
    game = Game(game_id="ALWAYS", since=DAY, main=Pool(picked=1, size=1), schedule=(daily,))
    second, third = (proof_document(proof_of_draw(game, number)) for number in (2, 3))
    assert second["rank"] == third["rank"]
    assert verdict(second) is not None
    assert verdict(second | {name: third[name] for name in ("leaf_index", "path")}) is None


def test_there_is_no_leaf_before_the_first() -> None:
    document = proof_document(proof_of_result(0))
    assert verdict(document) is not None
    assert verdict(document | {"leaf_index": -1}) is None


def checked(file: Path | None, *words: str, given: str = "", program: Path = proof.CHECKER) -> tuple[int, str, str]:
    """The checker as a stranger runs it: an interpreter that finds no package of ours, nor any other."""
    command = [sys.executable, "-I", "-S", str(program), *([str(file)] if file else []), *words]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False, cwd="/")
    return done.returncode, done.stdout, done.stderr


def test_the_checker_is_short_and_stands_alone() -> None:
    source = proof.CHECKER.read_text(encoding="utf-8")
    assert len(source.splitlines()) < LINES_MAX
    assert set(imported(proof.CHECKER)) <= sys.stdlib_module_names


# the command


@pytest.fixture
def universe(call: Call, tmp_path: Path) -> Call:
    """A test universe with 5,000 draws of GAME_001 and three results, stored in this order."""
    assert call("simulate", "--mode", "test", "--draws", 5_000).code == EXIT_DONE
    for number, line in enumerate(RESULTS.splitlines()[1:]):
        file = tmp_path / f"{number}.csv"
        file.write_text(f"draw_date,main,bonus\n{line}\n", encoding="ascii")
        assert call("ingest", "--mode", "test", "--game", "GAME_001", "--results", file).code == EXIT_DONE
    return call


def test_what_is_proven_is_checked_by_what_is_printed(universe: Call, tmp_path: Path) -> None:
    """The whole way of an auditor: published roots, a proof, the program out of the package, a foreign interpreter."""
    program = tmp_path / "check_proof.py"
    program.write_text(universe("proof", "--checker").out, encoding="utf-8")
    assert program.read_bytes() == proof.CHECKER.read_bytes()
    heads = universe("proof", "--mode", "test", "--json").document
    roots = {log: f"{heads[log]['tree_size']}:{heads[log]['root']}" for log in ("draws", "results")}
    for words, root, told in (
        (["--draw", 4_321], roots["draws"], "GAME_001|2000-06-14|4321, under 5000:"),
        (["--real", "2000-06-10"], roots["results"], "GAME_001|2000-06-10|8 13 14 23 30|6, under 3:"),
        (["--from-size", 1_500], roots["draws"], "the log only grew, under 1500:"),
        (["--from-size", 2, "--log", "results"], roots["results"], "the log only grew, under 2:"),
    ):
        file = tmp_path / "proof.json"
        file.write_text(universe("proof", "--mode", "test", *words, "--json").out, encoding="utf-8")
        code, out, err = checked(file, "--root", root, program=program)
        assert (code, err) == (0, ""), (words, err)
        assert out.startswith(f"ok: {told}")
        assert out.rstrip().endswith(root)
        assert checked(None, given=file.read_text(encoding="utf-8")) == (0, out, "")
        code, out, err = checked(file, "--root", f"7{root}")
        assert (code, out) == (1, "")
        assert err.startswith("WRONG: it is about ")
        file.write_text(file.read_text(encoding="utf-8").replace('"path": ["', '"path": ["A'), encoding="utf-8")
        assert checked(file)[0] in {1, 2}


def test_a_person_is_told_how_to_check(universe: Call) -> None:
    told = universe("proof", "--mode", "test", "--draw", 17).out.splitlines()
    root = universe("proof", "--mode", "test").out.splitlines()[1].split()[1]
    assert told[:6] == [
        "message  GAME_001|2000-06-07|17",
        f"numbers  {numbers(universe, 17)}",
        *told[2:4],
        f"root     {root}",
        "path     13 hashes",
    ]
    assert told[-2:] == [
        "universe proof --mode test --game GAME_001 --draw 17 --tree-size 5000 --json > proof.json",
        f"python3 check_proof.py proof.json --root {root}",
    ]
    again = told[-2].split(" > ")[0].split()[1:]
    assert universe(*again).document["root"] in root


def numbers(call: Call, number: int) -> str:
    return call("draw", "GAME_001", "2000-06-07", number).out.split("numbers  ")[1].splitlines()[0]


def test_a_proof_in_an_older_tree_is_what_was_proven_then(universe: Call) -> None:
    """The universe grows, and what was published of it stays true."""
    then = universe("proof", "--mode", "test", "--draw", 17, "--json").document
    head = universe("proof", "--mode", "test", "--json").document["draws"]
    universe("simulate", "--mode", "test", "--draws", 3_000)
    assert universe("proof", "--mode", "test", "--draw", 17, "--tree-size", 5_000, "--json").document == then
    grown = universe("proof", "--mode", "test", "--from-size", 5_000, "--json").document
    assert (grown["old_size"], grown["old_root"]) == (head["tree_size"], head["root"])
    assert grown["tree_size"] == 8_000


def test_what_cannot_be_proven_is_refused_in_one_line(universe: Call) -> None:
    for words, line in REFUSED:
        assert universe("proof", "--mode", "test", *words).refusal == line


def test_without_a_universe_there_is_nothing_to_prove(call: Call) -> None:
    assert "no universe here" in call("proof", "--mode", "test", "--draw", 1).refusal


def test_a_game_with_results_alone_has_one_log(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "results.csv"
    file.write_text(RESULTS, encoding="ascii")
    call("ingest", "--mode", "test", "--game", "GAME_001", "--results", file)
    heads = call("proof", "--mode", "test", "--json").document
    assert heads["draws"] is None
    assert heads["results"]["tree_size"] == 3
    for words in (["--draw", 1], ["--from-size", 1]):
        assert "GAME_001: its simulation is not initialised" in call("proof", "--mode", "test", *words).refusal


def test_much_that_is_not_logged_yet_is_made_by_kernels(universe: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command waits for what a server's answer would not."""
    loaded: list[str] = []
    monkeypatch.setattr(proof, "load_kernel_module", loaded.append)
    with contextlib.closing(apsw.Connection(str(proof_database()))) as db:
        db.execute("DELETE FROM proof_node")
    before = universe("proof", "--mode", "test", "--draw", 17, "--json").document
    assert not loaded
    monkeypatch.setattr(proof, "KERNELS_DRAWS_MIN", 5_000)
    assert universe("proof", "--mode", "test", "--draw", 17, "--json").document == before
    assert loaded == ["merkle"]


def proof_database() -> Path:
    return Path(os.environ["UNIVERSE_DATA_DIR"]) / "test" / "universe.db"
