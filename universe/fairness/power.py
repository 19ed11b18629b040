"""What a test would have seen: its power against a natural bias, and the size that it catches four times in five.

A large p-value says little where the power is small. At 2,000 draws one number's count has a relative standard error
of 6.5 % (5/47), at 40 million 0.046 %: no real history can show a bias of a few per cent.
"""

from collections.abc import Callable
from functools import partial

import attrs

from universe.fairness.alternatives import (
    Catch,
    catch_bonus,
    catch_drift,
    catch_drought,
    catch_numbers,
    catch_numbers_max,
    catch_parts,
    catch_parts_max,
)
from universe.fairness.alternatives_of_draws import (
    catch_gaps,
    catch_overlap,
    catch_pairs,
    catch_pairs_max,
    catch_parity,
    catch_patterns,
    catch_repeats,
    catch_sums,
    catch_triples,
)
from universe.fairness.dates import draws_of_months, draws_of_weekdays
from universe.fairness.tallies import LAGS, MONTHS, Frame

VISIBLE_POWER = 0.8
WEIGHT_MAX = 1_000.0  # times a fair weight: a number so heavy is in every draw
MORE_OFTEN_MAX = 10_000.0
SIZE_TOLERANCE = 1e-4  # relative, of the visible size


@attrs.frozen(kw_only=True)
class Power:
    """How well a test sees one bias.

    ``alternative`` says in words what is biased and by how much, ``size``; ``power`` is the chance that the test
    rejects at alpha. ``visible`` is the size that is caught with probability 0.8, None if no size is.
    """

    alternative: str
    size: float
    power: float
    visible: float | None


@attrs.frozen(kw_only=True)
class Alternative:
    """A kind of bias that a test looks for; ``words`` takes the frame and the size as people write it."""

    words: Callable[[Frame, str], str]
    size: float
    size_max: float
    catch: Catch


def power_of(frame: Frame, name: str, alpha: float = 0.05) -> Power:
    """Return the power of one test of ``universe.fairness.battery.tests_of``, by name; KeyError if there is none."""
    found = ALTERNATIVES[name]
    return Power(
        alternative=told_of(frame, name, found.size),
        size=found.size,
        power=power_at(frame, name, found.size, alpha),
        visible=_visible(frame, found, alpha),
    )


def power_at(frame: Frame, name: str, size: float, alpha: float = 0.05) -> float:
    """Return the power against a bias of the test's own kind, of any size from 0 on."""
    return ALTERNATIVES[name].catch(frame, size, alpha)


def told_of(frame: Frame, name: str, size: float) -> str:
    """Return in words what is biased, and by how much."""
    return ALTERNATIVES[name].words(frame, percent(size))


def _visible(frame: Frame, found: Alternative, alpha: float) -> float | None:
    from scipy.optimize import brentq

    def missing(size: float) -> float:
        return found.catch(frame, size, alpha) - VISIBLE_POWER

    low, high = 0.0, found.size
    while missing(high) < 0:
        if high >= found.size_max:
            return None
        low, high = high, min(2 * high, found.size_max)
    return float(brentq(missing, low, high, rtol=SIZE_TOLERANCE, xtol=1e-12))


def percent(size: float) -> str:
    """Return a share as people write it: 20 %, 0.046 %."""
    return f"{100 * size:,.2g} %" if size < 1 else f"{100 * size:,.0f} %"


def _plain(words: str) -> Callable[[Frame, str], str]:
    return lambda _, size: words.format(size=size)


def _on_weekday(frame: Frame, size: str) -> str:
    day = frame.weekday_names[int(draws_of_weekdays(frame).argmax())]
    return f"one number is missing on {day}" if size == percent(1) else f"one number is {size} lighter on {day}"


def _in_month(frame: Frame, size: str) -> str:
    month = MONTHS[int(draws_of_months(frame).argmax())]
    return f"one number is missing in {month}" if size == percent(1) else f"one number is {size} lighter in {month}"


def _heavy(catch: Catch, what: str, size: float) -> Alternative:
    return Alternative(words=_plain(f"{what} {{size}} heavier"), size=size, size_max=WEIGHT_MAX, catch=catch)


def _more_often(catch: Catch, what: str) -> Alternative:
    words = _plain(f"{what} comes up {{size}} more often")
    return Alternative(words=words, size=0.5, size_max=MORE_OFTEN_MAX, catch=catch)


def _rising(catch: Catch) -> Alternative:
    words = _plain("weights rise evenly from -{size} for the lowest number to +{size} for the highest")
    return Alternative(words=words, size=0.05, size_max=1.0, catch=catch)


def _in_weekdays(catch: Callable[..., float]) -> Catch:
    return lambda frame, size, alpha: catch(frame, size, alpha, draws_of_weekdays(frame))


def _in_months(catch: Callable[..., float]) -> Catch:
    return lambda frame, size, alpha: catch(frame, size, alpha, draws_of_months(frame))


_AGO = {1: "one draw earlier", 2: "two draws earlier", 3: "three draws earlier"}

ALTERNATIVES: dict[str, Alternative] = {
    "numbers": _heavy(catch_numbers, "one number is", 0.2),
    "numbers_max": _heavy(catch_numbers_max, "one number is", 0.2),
    "bonus": _heavy(catch_bonus, "one bonus number is", 0.2),
    "pairs": _more_often(catch_pairs, "one pair"),
    "pairs_max": _more_often(catch_pairs_max, "one pair"),
    "triples": _more_often(catch_triples, "one set of three numbers"),
    **{
        f"overlap_{lag}": _heavy(partial(catch_overlap, lag=lag), f"each number drawn {_AGO[lag]} is", 0.1)
        for lag in LAGS
    },
    "repeats": Alternative(
        words=_plain("{size} of all draws copy an earlier one"), size=0.01, size_max=1.0, catch=catch_repeats
    ),
    "gaps": _heavy(catch_gaps, f"each number drawn {_AGO[1]} is", 0.1),
    "drought": Alternative(
        words=_plain("one number is {size} lighter than the others"), size=0.5, size_max=1.0, catch=catch_drought
    ),
    "sums": _rising(catch_sums),
    "parity": _heavy(catch_parity, "each odd number is", 0.1),
    "patterns": _rising(catch_patterns),
    "weekdays": Alternative(words=_on_weekday, size=1.0, size_max=1.0, catch=_in_weekdays(catch_parts)),
    "weekdays_max": Alternative(words=_on_weekday, size=1.0, size_max=1.0, catch=_in_weekdays(catch_parts_max)),
    "months": Alternative(words=_in_month, size=1.0, size_max=1.0, catch=_in_months(catch_parts)),
    "months_max": Alternative(words=_in_month, size=1.0, size_max=1.0, catch=_in_months(catch_parts_max)),
    "drift": Alternative(
        words=_plain("one number's weight drifts from -{size} to +{size}"),
        size=0.1,
        size_max=1.0,
        catch=catch_drift,
    ),
}
