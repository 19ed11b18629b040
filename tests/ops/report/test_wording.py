"""Numbers in words: nothing is told more exactly than it is, and nothing is told wrongly."""

import re
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis.strategies import floats, integers

from ops.report import wording
from universe.catalogue import shipped_games


def read_back(text: str) -> float:
    """The number that a figure says."""
    superscripts = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    plain = text.replace(",", "").replace(wording.MINUS, "-")
    mantissa, _, power = plain.partition(f" {wording.TIMES} 10")
    return float(mantissa) * 10.0 ** int(power.translate(superscripts) or "0")


@given(number=floats(1e-12, 1e17) | floats(-1e9, -1e-9), digits=integers(2, 6))
def test_a_figure_is_right_to_its_digits(number: float, digits: int) -> None:
    assert read_back(wording.figure(number, digits)) == pytest.approx(number, rel=0.51 * 10.0 ** (1 - digits))


@given(number=integers(-(10**12), 10**12))
def test_whole_numbers_are_told_whole(number: int) -> None:
    assert read_back(wording.figure(float(number))) == number == read_back(wording.count(number))


NONE = wording.NONE


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (46.0, "46"),
        (43.2149, "43.2"),
        (0.00012345, "0.000123"),
        (2.4e-8, f"2.40 {wording.TIMES} 10⁻⁸"),
        (float("nan"), NONE),
        (float("inf"), NONE),
        (None, NONE),
    ],
)
def test_figures_as_people_write_them(number: float | None, text: str) -> None:
    assert wording.figure(number) == text


@pytest.mark.parametrize(
    ("p_value", "floor", "text"),
    [
        (0.43219, None, "0.43"),
        (0.0123, None, "0.012"),
        (0.001, 0.001, "≤ 0.0010"),
        (0.0011, 0.001, "0.0011"),
        (1.0, 0.001, "1.00"),
        (None, None, NONE),
    ],
)
def test_p_values(p_value: float | None, floor: float | None, text: str) -> None:
    assert wording.probability(p_value, floor) == text


@given(p_value=floats(2e-6, 1))
def test_a_natural_frequency_is_the_p_value(p_value: float) -> None:
    few, many = (int(number.replace(",", "")) for number in re.findall(r"[\d,]+", wording.of_many(p_value)))
    assert 2 <= few <= (100 if many == 100 else 20)
    assert few / many == pytest.approx(p_value, rel=0.26)
    assert many in {10**power for power in range(2, 7)}


@given(exponent=floats(-300, 300))
def test_a_power_of_ten_is_near_enough(exponent: float) -> None:
    said = wording.power_of_ten(exponent)
    power = said.removeprefix("10").translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    if -3 < exponent < 5:
        assert read_back(said) == pytest.approx(10**exponent, rel=0.006)
    else:
        assert int(power) == round(exponent)


@given(share=floats(-5, 5))
def test_an_axis_says_per_cent_with_a_sign(share: float) -> None:
    said = wording.axis_percent(share).removesuffix(f"{wording.THIN}%").replace(wording.MINUS, "-")
    assert float(said) == pytest.approx(100 * share, rel=1e-4, abs=1e-6)
    assert said == "0" or said[0] in "+-"


def test_games_dates_and_lists() -> None:
    said = {game_id: wording.pools(game) for game_id, game in shipped_games().items()}
    assert said["GAME_001"] == "5 of 47, and 1 of 27"
    assert said["GAME_004"] == "5 of 35"
    assert said["GAME_007"] == "6 of 49, and 1 of the rest"
    assert wording.day(date(2000, 6, 7)) == "7 June 2000"
    assert wording.moment(datetime(2026, 11, 21, 7, 5, tzinfo=UTC)) == "21 November 2026, 07:05 UTC"
    assert wording.listed(["1"]) == "1"
    assert wording.listed(["1", "2", "3"]) == "1, 2 and 3"
    assert [wording.short(number) for number in (950, 1_500, 2e6, 3e9)] == ["950", "1.5k", "2M", "3G"]
