"""Commands that look: draws, draw, status, verify; and those that move or empty: archive, reset."""

import json
import sqlite3
from datetime import date
from pathlib import Path

import pytest

from tests.acceptance.conftest import DRAWS, Asked
from tests.acceptance.program import done, refused, said, universe
from tests.acceptance.rule import SHIPPED, make

TEST = ("--mode", "test")


def test_draws_by_number(first: Asked) -> None:
    where = ("draws", *TEST, "--data-dir", first.data, "--game", "GAME_001")
    documents = [draw.document() for draw in first.recount.draws[99:105]]
    shown = universe(*where, "--from", 100, "--to", 105, "--format", "jsonl")
    assert shown.code == 0
    lines = [json.loads(line) for line in shown.out.splitlines()]
    assert [{key: line[key] for key in documents[0]} for line in lines] == documents
    csv = universe(*where, "--from", DRAWS - 1, "--to", DRAWS + 50, "--format", "csv").out.splitlines()
    assert [line.split(",")[1] for line in csv[1:]] == [str(DRAWS - 1), str(DRAWS)]
    past = universe(*where, "--from", DRAWS + 1, "--to", DRAWS + 5, "--format", "jsonl")
    assert (past.code, past.out) == (0, "")
    table = universe(*where, "--from", 1, "--to", 1, "--format", "table").out
    assert documents[0]["seed"] != make(SHIPPED["GAME_001"], date(2000, 6, 7), 1).digest[:32]
    assert make(SHIPPED["GAME_001"], date(2000, 6, 7), 1).digest[:32] in table


@pytest.mark.parametrize("game_id", sorted(SHIPPED))
def test_one_draw_by_the_rule(game_id: str) -> None:
    game = SHIPPED[game_id]
    day = game.dates(date(2026, 11, 20), date(2026, 11, 30))[0]
    drawn = done("draw", game_id, day, 40_000_000)
    expected = make(game, day, 40_000_000)
    assert drawn == {
        **drawn,
        **expected.document(),
        "message": expected.message,
        "digest": expected.digest,
        "rank": expected.rank,
    }


def test_a_date_off_the_schedule_is_named_with_its_neighbours() -> None:
    line = refused("draw", "GAME_001", "2026-11-22", 1)
    said("2026-11-21", line)
    said("2026-11-25", line)


def test_the_status_of_a_universe(first: Asked) -> None:
    document = done("status", *TEST, "--data-dir", first.data)
    served = first.client.ask("get_universe_status")
    (shown,), (game,) = document["games"], served["games"]
    assert shown.keys() == game.keys() | {"fingerprint"}
    assert document["universe"] == {**served["universe"], "role": "reader"}


def test_nobody_simulates_where_nobody_runs(tmp_path: Path) -> None:
    done("simulate", *TEST, "--data-dir", tmp_path, "--draws", 5)
    (game,) = done("status", *TEST, "--data-dir", tmp_path)["games"]
    assert game["simulating"] is False


def test_no_universe_no_status(tmp_path: Path) -> None:
    for command in ("status", "verify", "archive", "draws"):
        refused(command, *TEST, "--data-dir", tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_verify_archive_and_go_on(tmp_path: Path) -> None:
    where = (*TEST, "--data-dir", tmp_path)
    done("simulate", *where, "--draws", 3_000)
    before = done("status", *where)["fingerprint"]
    verified = done("verify", *where, "--full")
    assert (verified["ok"], verified["draws_checked"], verified["first_difference"]) == (True, 3_000, None)
    archived = universe("archive", *where, "--json")
    assert archived.code == 0
    assert isinstance(archived.document, dict)
    assert done("status", *where)["fingerprint"] == before
    skipped = done("verify", *where, "--full")
    assert skipped["ok"] is True
    assert skipped["draws_checked"] == 0 or "3000" in json.dumps(skipped)
    done("simulate", *where, "--draws", 500)
    assert done("verify", *where)["ok"] is True
    other = done("simulate", *TEST, "--data-dir", tmp_path / "other", "--draws", 3_500)
    assert other["draw_number"] == 3_500
    assert (
        done("status", *where)["fingerprint"] == done("status", *TEST, "--data-dir", tmp_path / "other")["fingerprint"]
    )


def test_raw_draws_off(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[universe]\nraw_draws = "off"\n', encoding="utf-8")
    where = (*TEST, "--data-dir", tmp_path / "data", "--config", config)
    done("simulate", *where, "--draws", 3_000)
    assert done("verify", *where, "--full")["ok"] is True
    kept = done("run", *TEST, "--limit", 3_000, "--dry-run")
    assert done("status", *where)["fingerprint"] == kept["fingerprint"]


def test_a_changed_byte_is_found_and_named(tmp_path: Path) -> None:
    """One bit of the largest stored block is turned."""
    where = (*TEST, "--data-dir", tmp_path)
    done("simulate", *where, "--draws", 3_000)
    (path,) = tmp_path.rglob("universe.db")
    with sqlite3.connect(path) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        blobs = [
            (table, column)
            for table in tables
            for _, column, kind, *_ in db.execute(f"PRAGMA table_info({table})")
            if kind.upper() == "BLOB"
        ]
        sizes = {
            (table, column): db.execute(f"SELECT max(length({column})) FROM {table}").fetchone()[0] or 0
            for table, column in blobs
        }
        table, column = max(sizes, key=lambda at: sizes[at])
        (blob,) = db.execute(
            f"SELECT {column} FROM {table} WHERE length({column}) = ?", (sizes[table, column],)
        ).fetchone()
        middle = len(blob) // 2
        changed = blob[:middle] + bytes([blob[middle] ^ 1]) + blob[middle + 1 :]
        db.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (changed, blob))
    db.close()
    ended = universe("verify", *where, "--full", "--json")
    assert ended.code == 1, (table, column, ended)
    document = ended.document
    assert document["ok"] is False
    said("GAME_001", json.dumps(document["first_difference"]))


def test_reset_empties_test_data_only(tmp_path: Path) -> None:
    where = ("--data-dir", tmp_path)
    done("simulate", *TEST, *where, "--draws", 5)
    done("simulate", *where, "--draws", 5)
    refused("reset", *TEST, *where)
    refused("reset", *where, "--yes")
    refused("reset", "--mode", "prod", *where, "--yes")
    assert done("status", *TEST, *where)["games"][0]["draw_number"] == 5
    assert universe("reset", *TEST, *where, "--yes", "--json").code == 0
    refused("status", *TEST, *where)
    assert done("status", *where)["games"][0]["draw_number"] == 5
    assert done("simulate", *TEST, *where, "--draws", 7, "--epoch", "2001-01-01")["draw_number"] == 7
