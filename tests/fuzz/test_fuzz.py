"""Hostile inputs in the ordinary test run: a little of everything, and every input that once did harm."""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.definition_targets import MOVED, use
from tests.fuzz.mutating import MUTATIONS, mutated
from tests.fuzz.running import Report, opened_targets, run
from tests.fuzz.target import Target, accepted, dice_of, require_line
from tests.fuzz.tool_targets import GAMES, ToolCall
from tools.server import QUESTIONS
from universe.definition import game_from_data
from universe.errors import UniverseError
from universe.results.formats import FORMATS

INPUTS_EACH = 40
SEED = 20261121


@pytest.fixture(scope="module")
def targets() -> Iterator[dict[str, Target]]:
    with opened_targets() as opened:
        yield {target.name: target for target in opened}


def test_everything_that_parses_is_a_target(targets: dict[str, Target]) -> None:
    assert {f"results.{name}" for name in FORMATS} <= targets.keys()
    assert {f"tool.{question.name}" for question in QUESTIONS} <= targets.keys()
    assert {"definition.toml", "definition.json", "settings.toml", "command.date", "stdio.server"} <= targets.keys()


def test_a_little_of_everything_does_no_harm(targets: dict[str, Target]) -> None:
    report = run([*targets.values()], inputs=INPUTS_EACH * len(targets), seed=SEED, told=lambda _: None)
    assert not report.failures, "\n".join(map(str, report.failures))
    refused_alone = {name for name, tally in report.tallies.items() if not tally.accepted}
    assert refused_alone <= {"tool.unknown"}, "inputs that are always refused test little"


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_mutation_takes_any_bytes(mutation: Any) -> None:
    for data in (b"", b"\n", b"12", b"\xff" * 100):
        for seed in range(20):
            assert isinstance(mutation(Random(seed), data, [b"", b"other"]), bytes)


def test_equal_seeds_make_equal_inputs() -> None:
    made = [mutated(dice_of(seed, "name", 7), b"draw_date,main\n2024-01-03,1 2 3\n", [b"x"]) for seed in (1, 1, 2)]
    assert made[0] == made[1]
    assert made[0] != made[2]


def ran(attempt: Any) -> Report:
    return run([Target(name="t", make=Random.random, attempt=attempt)], inputs=3, seed=1, told=lambda _: None)


def test_harm_is_seen_and_can_be_repeated(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def crash(_: object) -> bool:
        raise KeyError("\ud800\n")

    report = ran(crash)
    assert [failure.index for failure in report.failures] == [0, 1, 2]
    assert "KeyError in crash, test_fuzz.py:" in str(report.failures[0])
    assert "--target t --seed 1 --from 2 --inputs 1" in str(report.failures[2])
    assert "Traceback" in report.failures[0].file.read_text(encoding="ascii")
    monkeypatch.setattr("tests.fuzz.running.CALL_SECONDS_MAX", -1.0)
    assert len(ran(lambda _: True).failures) == 3
    monkeypatch.setattr("tests.fuzz.running.HANG_SECONDS", 0.05)  # by the clock on the wall
    assert "Hang in " in ran(lambda _: [None for _ in iter(int, 1)]).failures[0].reason


@pytest.mark.parametrize("text", ["", "two\nlines", "\x1b[31m", "\ud800", "x" * 6_000])
def test_a_message_is_one_readable_line(text: str) -> None:
    with pytest.raises(AssertionError):
        require_line(text)

    def refuse() -> None:
        raise UniverseError(text)

    with pytest.raises(AssertionError):
        accepted(refuse)


def values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """What a schema of an argument allows, and what stands just outside."""
    found: st.SearchStrategy[Any] = st.none() | st.text(max_size=130)
    match schema:
        case {"anyOf": choices}:
            found = st.one_of([*map(values, choices)])
        case {"enum": words}:
            found = st.sampled_from(words)
        case {"type": "integer"}:
            found = st.integers(schema.get("minimum", 0) - 1, schema.get("maximum", 3_000) + 1)
        case {"type": "number", "minimum": low, "maximum": high}:
            found = st.floats() | st.floats(low, high)
        case {"type": "array", "items": items}:
            found = st.lists(values(items), max_size=schema.get("maxItems", 20) + 1)
        case {"type": "string", "format": "date"}:
            found = st.dates().map(str)
        case {"type": "string", "pattern": pattern}:
            found = st.from_regex(pattern) | st.text(max_size=40)
    return found


def calls(question: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Arguments of a tool, most of them allowed."""
    schema = question.input_schema
    known = {name: values(of) for name, of in schema.get("properties", {}).items()}
    if "game_id" in known:
        known["game_id"] = st.sampled_from(sorted(GAMES)) | known["game_id"]
    needed = {name: known.pop(name) for name in schema.get("required", ())}
    return st.fixed_dictionaries(needed, optional=known)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
@settings(max_examples=25)
@given(data=st.data())
def test_arguments_near_their_schema_are_answered_or_refused(
    targets: dict[str, Target], question: Any, data: st.DataObject
) -> None:
    targets[f"tool.{question.name}"].attempt(ToolCall(question.name, data.draw(calls(question))))


TOML_KEYS = [
    *("id", "since", "main.picked", "main.size", "bonus", "picked", "size", "from", "days", "scheduled", "held"),
    *("logical_day_seconds", "raw_draws", "source", "format", "timezone", "results_after", '"\\u0000"'),
]
toml_scalars = st.integers(-1, 300) | st.sampled_from(
    ['"Wed"', '"X"', '"2024-01-03"', "2024-01-03", "9999-12-31", "20:00:00", "true", "inf", "nan", '"\\u001b"', "''"]
)
toml_values = st.recursive(
    toml_scalars.map(str),
    lambda inner: st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
    max_leaves=4,
)
toml_lines = st.one_of(
    st.sampled_from(["[main]", "[bonus]", "[[schedule]]", "[[moved]]", "[universe]", "[game.A]", '["a\\nb"]']),
    st.tuples(
        st.sampled_from(TOML_KEYS),
        toml_values,
    ).map(" = ".join),
)


@given(lines=st.lists(toml_lines, max_size=12))
def test_a_document_of_known_words_is_read_or_refused(targets: dict[str, Target], lines: list[str]) -> None:
    document = "\n".join(lines).encode()
    targets["definition.toml"].attempt(document)
    targets["settings.toml"].attempt(document)


SOUND = (
    b'id = "X"\nsince = 2024-01-03\nmain = {picked = 2, size = 6}\nschedule = [{from = 2024-01-03, days = ["Wed"]}]\n'
)
LONG_AND_DEEP: tuple[tuple[str, Any], ...] = (
    ("definition.toml", b"a = " + b"[" * 100_000),
    ("definition.toml", b"a = " + b"9" * 5_000),
    ("definition.toml", b"main = {picked = 0x" + b"f" * 5_000 + b", size = 1}"),
    ("definition.toml", SOUND + b'"a\\nb\\u001b" = 1'),
    ("definition.toml", SOUND.replace(b'["Wed"]', b'"' + b"Wed" * 20_000 + b'"')),
    ("definition.toml", SOUND.replace(b"2024-01-03", b"9999-12-31")),
    ("definition.toml", SOUND.replace(b"2024-01-03", b"0001-01-01")),
    ("definition.toml", SOUND + b"moved = [" + b"1, " * 30_000 + b"]"),
    ("settings.toml", b"a = " + b"[" * 100_000),
    ("settings.toml", b'[game.A]\ntimezone = "' + b"x" * 50_000 + b'"'),
    ("definition.json", "{"),
    ("definition.json", "[" * 100_000),
    ("definition.json", "9" * 5_000),
    ("command.game", "\0.toml"),
    ("command.game", "\x1b[31m"),
    ("command.game", "x" * 100_000),
    ("tool.check_numbers_occurrence", ToolCall("check_numbers_occurrence", {"main_numbers": ["a"] * 50_000})),
    (
        "tool.check_numbers_occurrence",
        ToolCall("check_numbers_occurrence", {"main_numbers": [1], "bonus_number": [None] * 50_000}),
    ),
    ("tool.get_latest_draws", ToolCall("get_latest_draws", {str(name): 1 for name in range(50_000)})),
    ("tool.get_latest_draws", ToolCall("get_latest_draws", {"\ud800": 1})),
)


@pytest.mark.parametrize(("name", "made"), LONG_AND_DEEP, ids=lambda value: ascii(value)[:60])
def test_what_once_did_harm_does_none(targets: dict[str, Target], name: str, made: Any) -> None:
    again = Target(name=name, make=lambda _: made, attempt=targets[name].attempt)
    report = run([again], inputs=1, seed=0, told=lambda _: None)
    assert not report.failures, str(report.failures[0])


def test_a_deep_value_is_shown_by_its_beginning(targets: dict[str, Target]) -> None:
    nested: Any = 1
    for _ in range(20_000):
        nested = [nested]
    call = ToolCall("get_latest_draws", {"limit": nested})
    assert targets["tool.get_latest_draws"].attempt(call) is False


@pytest.mark.parametrize("since", ["1900-01-01", "9998-12-31"])
def test_a_game_at_an_end_of_the_calendar_can_be_used(since: str) -> None:
    for day in ("Mon", "Thu", "Sun"):
        use(
            game_from_data(
                {**MOVED, "since": since, "moved": [], "schedule": [{"from": since, "days": [day]}]}, source=""
            )
        )
