"""``universe verify --root``: a published root binds every draw and its place, whatever else was made to fit."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from ops import check
from storage import draws, verify
from storage.checking import Check
from storage.connection import Location, open_writer
from tests.ops.calling import Call, Called
from universe.merkle import BLOCK_LEAVES

TEST = ("--mode", "test")
DRAWS = 3_000
ROOT = "GAME_001:3000:fad8ff4fde09cf0a4e7b6b8a9fdd1e5e5b5eb7bb1d8a8c83e8b6b2d9b9f3a0c1"  # of the right form, and wrong
RANK_BYTES = 4

Forgery = Callable[[bytes], bytes]


@pytest.fixture
def universe(call: Call, monkeypatch: pytest.MonkeyPatch) -> Call:
    """A test universe with 3,000 draws of GAME_001, nearly all of them folded into raw segments."""
    monkeypatch.setattr(draws, "TAIL_DRAWS_MAX", 100)
    assert call(*TEST, "simulate", "--draws", DRAWS).code == 0
    return call


def published(universe: Call, tree_size: int = DRAWS) -> str:
    """The root over the first draws, as ``universe proof`` shows it."""
    proof = universe("proof", *TEST, "--draw", 1, "--tree-size", tree_size, "--json").document
    return f"GAME_001:{tree_size}:{proof['root']}"


def forge(data: Path, change: Forgery) -> None:
    """Change the ranks of the first raw segment, and give it the digest that fits."""
    db = open_writer(Location(data / "test" / "universe.db"))
    try:
        first, ranks = db.execute("SELECT first, ranks FROM raw_segment ORDER BY first LIMIT 1").get
        assert first == 1
        changed = change(ranks)
        assert changed != ranks
        assert len(changed) == len(ranks)
        db.execute(
            "UPDATE raw_segment SET ranks = ?, digest = ? WHERE first = 1", (changed, hashlib.sha256(changed).digest())
        )
    finally:
        db.close()


def flip_a_bit(ranks: bytes) -> bytes:
    at = 777 * RANK_BYTES
    return ranks[:at] + bytes([ranks[at] ^ 1]) + ranks[at + 1 :]


def remove_a_draw(ranks: bytes) -> bytes:
    """All later draws move up, and the last place is filled again."""
    at = 777 * RANK_BYTES
    return ranks[:at] + ranks[at + RANK_BYTES :] + ranks[at : at + RANK_BYTES]


def swap_two(ranks: bytes) -> bytes:
    at, middle, end = (777 * RANK_BYTES, 778 * RANK_BYTES, 779 * RANK_BYTES)
    return ranks[:at] + ranks[middle:end] + ranks[at:middle] + ranks[end:]


def test_a_universe_fits_its_own_roots(universe: Call) -> None:
    for tree_size in (1, BLOCK_LEAVES, 2_999, DRAWS):
        root = published(universe, tree_size)
        shown = universe("verify", *TEST, "--root", root)
        told = f"GAME_001: its first {tree_size:,} draws, and all that follows from them, have this root"
        assert (shown.code, shown.out.splitlines()) == (0, ["ok: 3,000 draws checked", told])
        document = universe("verify", *TEST, "--root", root, "--json").document
        assert document["roots"] == {"GAME_001": root.partition(":")[2]}


def test_a_root_of_once_is_held_when_the_universe_has_grown(universe: Call) -> None:
    root = published(universe)
    universe("simulate", *TEST, "--draws", 2_000)
    assert universe("verify", *TEST, "--root", root).code == 0
    assert universe("verify", *TEST, "--json").document["roots"] == {}


@pytest.mark.parametrize("change", [flip_a_bit, remove_a_draw, swap_two])
def test_a_change_of_what_is_stored_is_named(universe: Call, data: Path, change: Forgery) -> None:
    root = published(universe)
    forge(data, change)
    shown = universe("verify", *TEST, "--root", root)
    assert shown.code == 1
    assert shown.out.startswith("DIFFERENCE: GAME_001, raw_segment, draw 778: stored ")


@pytest.mark.parametrize("change", [flip_a_bit, remove_a_draw, swap_two])
def test_what_is_stored_is_what_the_root_is_held_against(
    universe: Call, data: Path, change: Forgery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were the comparison with the rule deceived too, the root alone would still say that these are other draws."""
    root = published(universe)
    forge(data, change)
    monkeypatch.setattr(Check, "equal_ranks", lambda *_: None)
    assert universe("verify", *TEST).code == 0
    assert is_named(universe("verify", *TEST, "--root", root), root)


def is_named(shown: Called, root: str) -> bool:
    """Whether the root is said to differ, and how."""
    game_id, tree_size, expected = root.split(":")
    name = f"DIFFERENCE: {game_id}, draws, root over the first {int(tree_size):,} draws: stored "
    return shown.code == 1 and shown.out.startswith(name) and shown.out.endswith(f"expected {expected}\n")


@pytest.mark.parametrize("option", [("--epoch", "2000-06-08"), ("--draws-per-day", 999)])
def test_a_universe_made_anew_by_another_rule_is_another(universe: Call, option: tuple[object, ...]) -> None:
    """Everything in it is right by the rule: nothing but the root can tell."""
    root = published(universe)
    universe("reset", *TEST, "--yes")
    assert universe("simulate", *TEST, "--draws", DRAWS, *option).code == 0
    assert universe("verify", *TEST, "--full").code == 0
    assert is_named(universe("verify", *TEST, "--root", root), root)


@pytest.mark.parametrize(
    ("root", "line"),
    [
        ("GAME_001", "'GAME_001' is no root: it takes GAME:SIZE:HEX"),
        ("3000:" + "ab" * 32, "is no root: it takes GAME:SIZE:HEX"),
        (ROOT[:-1], "is no root: it takes GAME:SIZE:HEX"),
        (ROOT.upper(), "is no root: it takes GAME:SIZE:HEX"),
        (ROOT.replace("3000", "0"), "is no root: it takes GAME:SIZE:HEX"),
        ("", "'' is no root: it takes GAME:SIZE:HEX"),
        (ROOT.replace("3000", "3001"), "--root GAME_001:3001:…: GAME_001 has 3000 draws so far"),
        (ROOT.replace("GAME_001", "GAME_002"), "--root GAME_002:…: games here: GAME_001"),
        (ROOT.replace(":3000", ":results:3000"), "--root GAME_001:results:3000:…: GAME_001 has 0 results so far"),
        (ROOT.replace(":3000", ":result:3000"), "is no root: it takes GAME:SIZE:HEX or GAME:results:SIZE:HEX"),
        (ROOT.replace(":3000", ":results:0"), "is no root: it takes GAME:SIZE:HEX or GAME:results:SIZE:HEX"),
        (ROOT.replace(":3000", ":results:results:3000"), "is no root: it takes GAME:SIZE:HEX"),
    ],
)
def test_what_is_no_root_of_this_universe_is_refused_in_one_line(universe: Call, root: str, line: str) -> None:
    assert line in universe("verify", *TEST, "--root", root).refusal


def test_a_game_has_one_root_and_some_draws(universe: Call) -> None:
    other = ROOT.replace("3000", "2000")
    refusal = universe("verify", *TEST, "--root", ROOT, "--root", other).refusal
    assert refusal == "--root takes one root a log, and was given GAME_001, GAME_001"


def test_a_game_of_results_alone_has_no_draws_to_hold(call: Call, tmp_path: Path) -> None:
    """Else a root would be taken as fitting where there is nothing."""
    file = tmp_path / "results.csv"
    file.write_text("draw_date,main,bonus\n2000-06-07,2 4 11 15 28,16\n", encoding="ascii")
    call("ingest", *TEST, "--game", "GAME_001", "--results", file)
    assert call("verify", *TEST, "--root", ROOT).refusal == "--root GAME_001:3000:…: GAME_001 has 0 draws so far"


def test_damage_is_named_with_a_root_as_without(universe: Call, data: Path) -> None:
    database = data / "test" / "universe.db"
    root = published(universe)
    database.write_bytes(database.read_bytes()[: database.stat().st_size // 2])
    shown = universe("verify", *TEST, "--root", root)
    assert shown.code == 1
    assert shown.out.startswith("damaged: ")


def test_much_is_recounted_by_kernels(universe: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    monkeypatch.setattr(check, "load_kernel_module", loaded.append)
    monkeypatch.setattr(check, "KERNELS_DRAWS_MIN", DRAWS)
    universe("verify", *TEST)
    assert not loaded
    universe("verify", *TEST, "--root", published(universe))
    assert loaded == ["merkle"]


# real results

RESULTS = ["2000-06-07,2 4 11 15 28,16", "2000-06-10,8 13 14 23 30,6", "2000-06-14,5 13 24 35 45,10"]
ADDED = "2000-06-17,1 2 3 4 5,6"


@pytest.fixture
def with_results(call: Call, tmp_path: Path) -> Call:
    """A test universe with a few draws and three real results, from which evidence follows."""
    ingest(call, tmp_path, *RESULTS)
    assert call(*TEST, "simulate", "--draws", 100).code == 0
    return call


def ingest(call: Call, folder: Path, *lines: str) -> None:
    file = folder / f"{len(lines)}.csv"
    file.write_text("\n".join(["draw_date,main,bonus", *lines, ""]), encoding="ascii")
    assert call("ingest", *TEST, "--game", "GAME_001", "--results", file).code == 0


def results_root(call: Call) -> str:
    held = call("proof", *TEST, "--json").document["results"]
    return f"GAME_001:results:{held['tree_size']}:{held['root']}"


def swap(data: Path, one: int, two: int) -> None:
    """Let two real results change places in the order of storing. No row's digest covers its place."""
    change_results(data, f"result = CASE result WHEN {one} THEN -{two} WHEN {two} THEN -{one} ELSE -result END")
    change_results(data, "result = -result")


def change_results(data: Path, change: str) -> None:
    db = open_writer(Location(data / "test" / "universe.db"))
    try:
        trigger = db.execute("SELECT sql FROM sqlite_schema WHERE name = 'real_result_not_updated'").get
        db.execute(f"DROP TRIGGER real_result_not_updated; UPDATE real_result SET {change}; {trigger}")
    finally:
        db.close()


def test_real_results_fit_their_root_and_only_come_after_it(with_results: Call, tmp_path: Path) -> None:
    root, both = results_root(with_results), published(with_results, 100)
    told = "GAME_001: its first 3 real results, in the order of storing, have this root"
    for _ in range(2):
        assert with_results("verify", *TEST, "--root", root).out.splitlines() == ["ok: 100 draws checked", told]
        document = with_results("verify", *TEST, "--root", root, "--root", both, "--json").document
        assert document["roots"] == {
            "GAME_001:results": root.removeprefix("GAME_001:results:"),
            "GAME_001": both.removeprefix("GAME_001:"),
        }
        ingest(with_results, tmp_path, ADDED)


@pytest.mark.parametrize(("places", "bets_differ"), [((1, 2), False), ((2, 3), False), ((1, 3), True)])
def test_two_results_that_changed_places_are_named(
    with_results: Call, data: Path, places: tuple[int, int], bets_differ: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the root in any case; by the evidence only where other bets were won in the other order."""
    root = results_root(with_results)
    swap(data, *places)
    by_evidence = with_results("verify", *TEST)
    assert by_evidence.code == bets_differ
    assert by_evidence.out.startswith("DIFFERENCE: GAME_001, evidence, real, step " if bets_differ else "ok: ")
    assert with_results("verify", *TEST, "--root", root).code == 1
    monkeypatch.setattr(verify, "check_evidence", lambda _: None)
    assert with_results("verify", *TEST).code == 0
    shown = with_results("verify", *TEST, "--root", root)
    assert shown.code == 1
    assert shown.out.startswith("DIFFERENCE: GAME_001, results, root over the first 3 real results: stored ")
    assert shown.out.endswith(f"expected {root.rpartition(':')[2]}\n")


def test_a_changed_result_is_named_by_its_row(with_results: Call, data: Path) -> None:
    root = results_root(with_results)
    change_results(data, "main = '1 2 3 4 5' WHERE result = 2")
    shown = with_results("verify", *TEST, "--root", root)
    assert (shown.code, shown.out.partition(": stored")[0]) == (
        1,
        "DIFFERENCE: GAME_001, real_result, 2000-06-10, digest",
    )
    assert "GAME_001: real_result, 2000-06-10: the row was changed" in with_results("proof", *TEST).refusal
