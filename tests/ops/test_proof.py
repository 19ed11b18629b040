"""``universe proof`` and the program it prints: what one proves the other checks, alone; nothing changed passes."""

import base64
import contextlib
import json
import os
import subprocess
import sys
from datetime import timedelta
from hashlib import sha256
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
from tests.universe.test_proofs import DAY, SIZE, proof_of_draw, proof_of_growth, proof_of_result, proofs
from universe.catalogue import shipped_games
from universe.game import Game, Period, Pool
from universe.merkle import node_hash
from universe.proofs import ConsistencyProof, DrawProof, Proof, ResultProof, proof_document

LINES_MAX = 100
SATURDAYS = Period(start=DAY, days=("Sat",))
ALWAYS = Game(game_id="ALWAYS", since=DAY, main=Pool(picked=1, size=1), schedule=(SATURDAYS,))  # one outcome
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
    if isinstance(one, DrawProof):
        pools = f"{list(one.main_numbers)} of {one.main.size}"
        if one.bonus is not None:
            pools += f" + {list(one.bonus_numbers)} of {getattr(one.bonus, 'size', 'the rest')}"
        assert told == f"ok: {one.message}: {pools}, at 5 draws a day since {DAY}, under {one.head}"
    elif isinstance(one, ResultProof):
        assert told == f"ok: {one.message}: a real result, under {one.head}"
    else:
        assert told == f"ok: the log only grew, under {one.old} and {one.head}"
        assert verdict(document, str(one.old)) == told
    for other in (
        "",
        " ",
        ":",
        "1:00",
        f" {one.head}",
        f"{one.head}\n",
        f"{one.head.tree_size + 1}:{one.head.root.hex()}",
        one.head.root.hex(),
    ):
        assert verdict(document, other) is None


@given(proofs, st.data())
def test_the_checker_takes_nothing_that_was_changed(one: Proof, data: st.DataObject) -> None:
    """Any fact of a proof changed alone: it must fail. Labels (the game of a log that grew) are no facts.

    Epoch and pace may be others as long as the date is not too far from the logical day they make.
    A path alone does not bind the size of its tree, which is why a root is published together with it.
    """
    document = json.loads(json.dumps(proof_document(one)))
    labels = {"epoch", "draws_per_day"} if isinstance(one, DrawProof) else {"log"}
    if isinstance(one, ConsistencyProof):
        labels.add("game_id")
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


def encoded(*parts: bytes) -> list[str]:
    return [base64.b64encode(part).decode() for part in parts]


@pytest.mark.parametrize("cut", [0, 24, 31, 33, 40, 64])
def test_no_false_old_tree_is_cut_out_of_a_true_new_one(cut: int) -> None:
    """Two hashes side by side are one text of 64 bytes, wherever it is cut."""
    true = proof_of_growth(3, 4)
    pair, first = true.path[0] + true.path[1], true.path[2]
    document = proof_document(true) | {"path": encoded(pair[:32], pair[32:], first)}
    assert verdict(document, str(true.head)) is not None
    false = node_hash(first, pair[:cut]).hex()
    forged = document | {"old_root": false, "path": encoded(pair[:cut], pair[cut:], first)}
    assert verdict(forged, str(true.head)) is None
    assert verdict(forged | {"path": [part + "\n" for part in document["path"]]}) is None


@pytest.mark.parametrize("part", ["*", "\n", " "])
def test_a_hash_is_written_in_one_way(part: str) -> None:
    document = proof_document(proof_of_result(3))
    assert verdict(document | {"path": [part + text for text in document["path"]]}) is None
    grown = proof_document(proof_of_growth(SIZE))
    assert verdict(grown | {"old_root": "abcd", "root": "abcd"}) is None


GAME_IDS = ["ALWAYS|2026-11-21|9999, under 5:ab\n#", "ALWAYS\n", "A" * 33, "", " ALWAYS", "ALWAYS|1", "ÀLWAYS"]


@pytest.mark.parametrize("game_id", GAME_IDS)
def test_a_game_is_called_as_games_are(game_id: str) -> None:
    """Else a name could be looked for with which any draw has the rank of a given leaf."""
    proven = proof_document(proof_of_draw(ALWAYS, 1))
    assert verdict(proven | {"game_id": "OTHER"} | message_of("OTHER", proven)) is not None
    assert verdict(proven | {"game_id": game_id} | message_of(game_id, proven)) is None


def message_of(game_id: str, proven: dict[str, Any]) -> dict[str, Any]:
    message = f"{game_id}|{proven['draw_date']}|{proven['draw_number']}"
    return {"message": message, "digest": sha256(message.encode()).hexdigest()}


@pytest.mark.parametrize("number", [True, 1.0, "1"])
def test_a_draw_number_is_written_in_one_way(number: Any) -> None:
    other = proof_document(proof_of_draw(ALWAYS, 1)) | {"draw_number": number}
    assert verdict(other | message_of("ALWAYS", other)) is None


@pytest.mark.parametrize(("days", "holds"), [(-1, False), (0, True), (366, True), (367, False)])
def test_a_date_lies_in_the_year_from_its_logical_day(days: int, holds: bool) -> None:
    """A game of one outcome has the same leaf on every date: nothing but the calendar tells which one it is."""
    proven = proof_document(proof_of_draw(ALWAYS, 7))  # the second logical day
    other = proven | {"draw_date": (DAY + timedelta(1 + days)).isoformat()}
    assert (verdict(other | message_of("ALWAYS", other)) is not None) == holds
    for pace in (0, -5):
        assert verdict(proven | {"draws_per_day": pace}) is None


def test_a_draw_is_no_real_result() -> None:
    """A leaf of the one log, eight bytes, must not be told as a text of the other."""
    proof = proof_of_draw(shipped_games()["GAME_001"], 1)
    text = proof.rank.to_bytes(8, "big")
    told = proof_document(proof) | {"proves": "result", "message": text.decode("latin1")}
    assert verdict(told) is None
    assert verdict(proof_document(proof_of_result(2)) | {"game_id": "OTHER"}) is None


def test_a_label_is_taken_for_no_root() -> None:
    """The trusted root is held against the roots that were found, not against what a document calls itself."""
    root = f"5:{bytes(32).hex()}"
    grown = proof_document(proof_of_growth(3)) | {"game_id": root, "log": root}
    assert verdict(grown, root) is None
    assert verdict(grown) == verdict(proof_document(proof_of_growth(3)))


def test_a_draw_has_its_own_place() -> None:
    """Where a rank comes up twice, the leaf of one draw must not stand for another."""
    second, third = (proof_document(proof_of_draw(ALWAYS, number)) for number in (2, 3))
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
        (
            ["--draw", 4_321],
            roots["draws"],
            "GAME_001|2000-06-14|4321: [20, 22, 27, 34, 46] of 47 + [8] of 27, at 1000",
        ),
        (["--real", "2000-06-10"], roots["results"], "GAME_001|2000-06-10|8 13 14 23 30|6: a real result, under 3:"),
        (["--from-size", 1_500], roots["draws"], "the log only grew, under 1500:"),
        (["--from-size", 2, "--log", "results"], roots["results"], "the log only grew, under 2:"),
    ):
        file = tmp_path / "proof.json"
        file.write_text(universe("proof", "--mode", "test", *words, "--json").out, encoding="utf-8")
        code, out, err = checked(file, "--root", root, program=program)
        assert (code, err) == (0, ""), (words, err)
        assert out.startswith(f"ok: {told}")
        assert out.rstrip().endswith(root)
        alone = out.replace("ok: ", "fits its own root, no other was given: ", 1)
        assert checked(None, given=file.read_text(encoding="utf-8")) == (0, alone, "")
        code, out, err = checked(file, "--root", f"7{root}")
        assert (code, out) == (1, "")
        assert err.startswith("WRONG: it is about ")
        assert checked(file, "--root", "", program=program)[:2] == (1, "")
        file.write_text(file.read_text(encoding="utf-8").replace('"path": ["', '"path": ["A'), encoding="utf-8")
        assert checked(file)[0] in {1, 2}


def test_a_person_is_told_how_to_check(universe: Call) -> None:
    told = universe("proof", "--mode", "test", "--draw", 17).out.splitlines()
    root = universe("proof", "--mode", "test").out.splitlines()[1].split()[1]
    assert told[:7] == [
        "message  GAME_001|2000-06-07|17",
        f"numbers  {numbers(universe, 17)}",
        "date     2000-06-07, at 1000 draws a day since 2000-06-07",
        *told[3:5],
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
