"""Hundreds of scenarios by chance: whatever happens, in the end everything is there once, and nothing is stuck."""

import subprocess
import sys
from pathlib import Path
from random import Random

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.memory import MemoryStore
from tests.simulation import __main__ as command
from tests.simulation.chance import scenario_of, scenario_of_seed
from tests.simulation.runs import Outcome, failure_text, play_scenario, play_seed
from tests.simulation.scenario import Scenario
from universe.units import Unit

ROOT = Path(__file__).resolve().parents[2]
SEEDS_A_TEST = 20


@pytest.mark.parametrize("first", range(0, 120, SEEDS_A_TEST))
def test_whatever_happens_nothing_is_lost_doubled_or_stuck(first: int) -> None:
    for seed in range(first, first + SEEDS_A_TEST):
        outcome = play_seed(seed)
        assert not outcome.breaches, failure_text(seed, outcome)


@given(random=st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=15)
def test_a_scenario_that_breaks_something_shrinks(random: Random) -> None:
    """The same, where the smallest scenario is looked for."""
    scenario = scenario_of(random)
    outcome = play_scenario(scenario)
    assert not outcome.breaches, f"{scenario}\n{outcome.breaches}"


@pytest.mark.parametrize("seed", [6, 10, 45, 46])
def test_the_same_seed_gives_the_same_trace(seed: int) -> None:
    one, other = play_seed(seed, keeps_lines=True), play_seed(seed, keeps_lines=True)
    assert len(one.play.stage.log.lines) > 20
    assert one.play.stage.log.lines == other.play.stage.log.lines
    assert one.digest == other.digest


def test_another_order_of_tasks_gives_another_trace_and_the_same_universe() -> None:
    scenario = attrs.evolve(scenario_of_seed(6), faults=(), lives=())
    one, other = (play_scenario(attrs.evolve(scenario, order_seed=seed)) for seed in (1, 2))
    assert not one.breaches + other.breaches
    assert one.digest != other.digest


def test_the_trace_does_not_depend_on_the_process() -> None:
    """Nor on the order of sets, which every process chooses anew."""
    digests = {
        subprocess.run(
            [sys.executable, "-m", "tests.simulation", "--seed", "10", "--runs", "1", "--trace"],
            cwd=ROOT,
            env={"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.partition("digest ")[2][:64]
        for hash_seed in ("1", "2")
    }
    assert len(digests) == 1
    assert digests == {play_seed(10).digest}


def broken(monkeypatch: pytest.MonkeyPatch, scenario: Scenario) -> Outcome:
    """Play on a store that forgets every third commit after saying that it kept it."""
    keep = MemoryStore._keep

    def forget(store: MemoryStore, units: list[Unit]) -> object:
        before, committed = store.games, keep(store, units)
        if store.commits % 3 == 0:
            store.games = before
        return committed

    monkeypatch.setattr(MemoryStore, "_keep", forget)
    return play_scenario(scenario)


def test_a_store_that_forgets_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    calm = attrs.evolve(scenario_of_seed(3), faults=(), lives=(), full=())
    assert not play_scenario(calm).breaches
    assert broken(monkeypatch, calm).breaches


def test_a_failure_names_its_seed_and_how_to_play_it_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = attrs.evolve(play_seed(3), breaches=("a rank is wrong",))
    monkeypatch.setattr(command, "play_seed", lambda _seed, keeps_lines: outcome)  # noqa: ARG005  its name is the call's
    assert command.main(["--seed", "7", "--runs", "1"]) == 1
    printed = capsys.readouterr().out
    assert "seed 7:\n  a rank is wrong\n" in printed
    assert "python -m tests.simulation --seed 7 --runs 1" in printed
    assert "1 simulations from seed 7, 1 failed" in printed


def test_a_command_without_failures_ends_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--seed", "3", "--runs", "2"]) == 0
    assert "2 simulations from seed 3, 0 failed" in capsys.readouterr().out
