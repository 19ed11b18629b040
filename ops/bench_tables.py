"""The benchmark's document for a person: one table a part, a few lines each."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ops.terminal import print_table, print_text

NOT_FOR_PEOPLE = frozenset({"samples"})  # a point every tenth of a second


def print_benchmark(document: Mapping[str, Any]) -> None:
    """Print every part that was measured."""
    print_text("  ".join(f"{name} {shown(value)}" for name, value in document["machine"].items() if value is not None))
    for name, layout in LAYOUTS.items():
        if document.get(name):
            print_text("")
            layout(name, document[name])
    for note in document["skipped"]:
        print_text(f"skipped: {note}")
    print_text(f"\n{document['seconds']} s")


def shown(value: Any) -> str:
    """Return a figure as a person reads it."""
    if isinstance(value, list | tuple):
        return " ".join(map(shown, value))
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "-"}[value]
    if isinstance(value, int | float):
        return f"{value:,}"
    return str(value)


def _print_across(name: str, by_column: Mapping[str, Mapping[str, Any]]) -> None:
    """Print one column for each game and one line for each figure."""
    figures = list(next(iter(by_column.values())))
    rows = [(figure, *(shown(column[figure]) for column in by_column.values())) for figure in figures]
    print_table([name, *by_column], rows)


def _print_down(name: str, figures: Mapping[str, Any]) -> None:
    """Print one line for each figure; those inside another carry its name in front."""
    print_table([name, ""], list(_flat(figures)))


def _flat(figures: Mapping[str, Any], before: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, value in figures.items():
        if isinstance(value, Mapping):
            rows += _flat(value, f"{before}{name}_")
        elif name not in NOT_FOR_PEOPLE:
            rows.append((before + name, shown(value)))
    return rows


def _print_pipeline(name: str, part: Mapping[str, Any]) -> None:
    runs: Sequence[Mapping[str, Any]] = part["runs"]
    figures = list(dict.fromkeys(figure for run in runs for figure in run))
    rows = [(figure, *(shown(run.get(figure)) for run in runs)) for figure in figures]
    print_table([name, *("" for _ in runs)], rows)
    print_text("")
    _print_down("references", part["references"] | {"bare_ranks_by": part["bare_ranks_by"]})


def _print_tools(name: str, part: Mapping[str, Any]) -> None:
    """Print milliseconds of each tool, one column for each size and state."""
    states = [(size, state) for size in part["sizes"] for state in ("idle", "busy")]
    heads = [f"{size['draws']:,} {state}" for size, state in states]
    rows = [
        (
            tool,
            *(f"{size[state][tool]['p50_ms']} / {size[state][tool]['p99_ms']}" for size, state in states),
            *map(shown, ratios.values()),
        )
        for tool, ratios in part["growth"].items()
    ]
    print_table([f"{name}, p50 / p99 ms", *heads, "idle growth", "busy growth"], rows)
    for size in part["sizes"]:
        print_text(f"busy at {size['draws']:,}: {size['busy_draws_per_second']:,} draws a second beside the calls")


def _print_served(name: str, part: Mapping[str, Any]) -> None:
    """Print milliseconds of each tool as its clients wait, one column for each way to ask; then the floods."""
    ways: Mapping[str, Mapping[str, Any]] = part["answers"]
    rows = [
        (
            tool,
            *(
                f"{tools[tool]['p50_ms']} / {tools[tool]['p99_ms']} / {tools[tool]['to_empty']}"
                for tools in ways.values()
            ),
        )
        for tool in next(iter(ways.values()))
    ]
    print_table([f"{name}, p50 / p99 ms / times empty", *ways], rows)
    print_text("")
    _print_across(f"{part['in_flight']} in flight", part["floods"])
    print_text("")
    _print_across("pace under floods", part["pace_under_floods"])
    print_text(f"every one of {part['verified_draws']:,} draws is by the seed rule")
    for line in part["missed"]:
        print_text(f"missed: {line}")


LAYOUTS: Mapping[str, Callable[[str, Any], None]] = {
    "generation": _print_across,
    "counting": _print_across,
    "statistics": _print_down,
    "stages": _print_across,
    "pipeline": _print_pipeline,
    "growth": _print_down,
    "tools": _print_tools,
    "served": _print_served,
    "start_up": _print_down,
    "verify": _print_down,
    "pace": _print_down,
}
