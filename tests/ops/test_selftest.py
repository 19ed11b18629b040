"""The self-test as a command: what it refuses, prints and returns, and that it can fail."""

from pathlib import Path

import attrs
import pytest

from ops import selftest
from ops.selftest import Rates, Scale
from tests.ops.calling import Call
from universe.fairness import controls, planted

SMALL = Scale(draws=150, null_histories=150, histories=40)
WITH_RATES = attrs.evolve(SMALL, rates=(Rates(draws=60, null_histories=120, histories=100),))
GAME = """
id = "GAME_9"
since = 2020-01-01
main = { picked = 3, size = 12 }
[[schedule]]
from = 2020-01-01
days = ["Mon", "Thu"]
"""


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few histories of a small game, and the plain path: no kernels stay behind."""
    monkeypatch.setattr("universe.compiled.load_kernel_module", lambda _: None)
    monkeypatch.setattr(selftest, "QUICK", SMALL)
    monkeypatch.setattr(selftest, "FULL", WITH_RATES)


@pytest.fixture
def game(tmp_path: Path) -> Path:
    path = tmp_path / "game_9.toml"
    path.write_text(GAME)
    return path


def test_planted_biases_are_caught_as_often_as_predicted(call: Call, game: Path) -> None:
    document = call("selftest", "--statistics", "--quick", "--json", "--game", game).document
    assert document["as_predicted"] is True
    assert document["rejection_rates"] == []
    part = document["controls"]
    assert (part["game_id"], part["matrix"], part["draws"], part["histories"]) == ("GAME_9", "3/12", 150, 40)
    curves = {row["test"]: [one for one in part["rows"] if one["test"] == row["test"]] for row in part["rows"]}
    assert set(curves) == {"numbers_max", "weekdays_max", "repeats", "drift"}
    for curve in curves.values():
        assert [row["size"] for row in curve] == sorted(row["size"] for row in curve)
        assert curve[0]["size"] == 0
        assert curve[0]["alternative"] == "nothing planted"
        assert curve[-1]["caught"] > curve[0]["caught"] + 0.3


def test_a_control_that_is_missed_fails_the_test(call: Call, game: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A generator that plants nothing stands for a test that sees nothing."""
    blind = attrs.evolve(controls.CONTROLS[0], plant=lambda frame, _, *rest: planted.fair(frame, *rest))
    monkeypatch.setattr(controls, "CONTROLS", (blind,))
    called = call("selftest", "--statistics", "--quick", "--game", game)
    assert called.code == 1
    assert "NOT as predicted" in called.out
    marked = [line for line in called.out.splitlines() if line.endswith(" !")]
    assert marked
    assert all("heavier" in line for line in marked)


def test_the_full_test_tells_rejection_rates_beside_it(call: Call, game: Path) -> None:
    called = call("selftest", "--statistics", "--full", "--game", game)
    assert called.code == 0
    assert "Planted biases, GAME_9 (3/12): 40 histories of 150 draws each" in called.out
    assert "Fair histories rejected at 5.0 %: GAME_9 (3/12)" in called.out
    assert "60 draws ± 3." in called.out
    for test in ("numbers ", "overlap_3 ", "drift ", "all together "):
        assert any(line.startswith(test) for line in called.out.splitlines()), test
    assert "\nas predicted; " in called.out


def test_a_rate_that_is_off_fails_the_test(call: Call, game: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("universe.fairness.rejection.SIGMAS_MAX", 0.0)
    called = call("selftest", "--statistics", "--full", "--json", "--game", game)
    assert called.code == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "selftest: say what to test; it is --statistics so far"),
        (("--statistics", "--quick", "--full"), "selftest takes --quick or --full, not both"),
        (("--statistics", "--game", "GAME_X"), "unknown game GAME_X: known are"),
    ],
)
def test_bad_usage_is_refused(call: Call, words: tuple[str, ...], told: str) -> None:
    assert call("selftest", *words).refusal.startswith(told)
