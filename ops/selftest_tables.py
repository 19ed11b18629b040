"""The self-test's document for a person: a table of power curves, and one of rejection rates for each game."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from ops.terminal import print_table, print_text


def print_selftest(document: Mapping[str, Any]) -> None:
    """Print what was predicted beside what was seen, and the verdict."""
    _print_controls(document["controls"])
    for _, lengths in groupby(document["rejection_rates"], key=itemgetter("game_id")):
        _print_rates(list(lengths))
    verdict = "as predicted" if document["as_predicted"] else "NOT as predicted: see the lines marked with !"
    print_text(f"\n{verdict}; {document['seconds']} s")


def _print_controls(part: Mapping[str, Any]) -> None:
    print_text(
        f"Planted biases, {part['game_id']} ({part['matrix']}): {part['histories']:,} histories of {part['draws']:,} "
        f"draws each,\ncaught at {_percent(part['alpha'])} % by p-values calibrated with {part['null_histories']:,} "
        "fair histories"
    )
    if not part["rows"]:
        print_text("no test that these biases are planted for applies to so few draws of this game")
        return
    rows: list[tuple[str, ...]] = []
    for bias, curve in groupby(part["rows"], key=itemgetter("bias", "test")):
        rows += [("", "", "", "", "", "")] if rows else []
        for place, row in enumerate(curve):
            rows.append(
                (
                    *(bias if not place else ("", "")),
                    row["alternative"],
                    f"{_percent(row['predicted'])} %",
                    f"{_percent(row['caught'])} ± {_percent(row['error'])} %",
                    f"{_percent(row['overall'])} %{_mark(holds=row['as_predicted'])}",
                )
            )
    print_table(["planted", "test", "size", "predicted", "caught", "by all tests together"], rows)


def _print_rates(lengths: Sequence[Mapping[str, Any]]) -> None:
    """Print the tests down and the lengths of history across."""
    first = lengths[0]
    print_text(f"\nFair histories rejected at {_percent(first['alpha'])} %: {first['game_id']} ({first['matrix']})")
    print_text("in %: randomised / plain calibrated p, uncalibrated / naive; ± one standard error")
    by_length = [{row["test"]: row for row in length["rows"]} for length in lengths]
    tests = list(dict.fromkeys(test for rows in by_length for test in rows))
    headings = [f"{length['draws']:,} draws ± {_percent(length['rows'][0]['error'])}" for length in lengths]
    print_table(["test", *headings], [(test, *(_rate(rows.get(test)) for rows in by_length)) for test in tests])


def _rate(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return "-"
    naive = "-" if row["naive"] is None else _percent(row["naive"])
    figures = f"{_percent(row['randomised'])} / {_percent(row['plain'])}, {_percent(row['uncalibrated'])} / {naive}"
    return figures + _mark(holds=row["holds"])


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _mark(*, holds: bool) -> str:
    return "" if holds else " !"
