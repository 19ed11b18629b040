"""Draw numbers against dates: exactly the rows that cannot be trusted, whatever the file."""

from datetime import date, timedelta
from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from universe.results.running import out_of_order

START = date(2000, 1, 1)
Pair = tuple[date, int]


def pairs(numbers: list[int]) -> list[Pair]:
    return [(START + timedelta(days=day), number) for day, number in enumerate(numbers)]


def rising(run: list[Pair]) -> bool:
    return all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(run))


def longest_runs(given_pairs: set[Pair]) -> list[set[Pair]]:
    """Find them by trying all."""
    for length in range(len(given_pairs), 0, -1):
        if runs := [set(run) for run in combinations(sorted(given_pairs), length) if rising(list(run))]:
            return runs
    return [set()]


DAYS = st.integers(0, 6).map(lambda day: START + timedelta(days=day))


@given(st.sets(st.tuples(DAYS, st.integers(1, 8)), max_size=9))
def test_what_every_longest_run_goes_through_is_right_and_what_none_does_is_wrong(given_pairs: set[Pair]) -> None:
    wrong = out_of_order(given_pairs)
    runs = longest_runs(given_pairs)
    assert given_pairs - set().union(*runs) <= wrong <= given_pairs - set(runs[0]).intersection(*runs)
    assert rising(sorted(given_pairs - wrong))


@given(st.integers(3, 30), st.integers(0, 29), st.integers(1, 200))
def test_one_wrong_number_condemns_no_other_row(count: int, place: int, wrong_number: int) -> None:
    numbers = list(range(100, 100 + count))
    numbers[place % count] = wrong_number
    expected = set() if numbers == sorted(set(numbers)) else {pairs(numbers)[place % count]}
    assert out_of_order(pairs(numbers)) == expected


def test_what_is_left_rises_even_where_near_rows_support_two_stories() -> None:
    both = {(START + timedelta(days=day), number) for day, number in ((0, 1), (1, 7), (4, 8), (4, 1), (5, 2), (8, 5))}
    assert rising(sorted(both - out_of_order(both)))


def test_of_swapped_numbers_and_of_two_rows_nothing_tells_which_is_wrong() -> None:
    assert out_of_order(pairs([1, 3, 2, 4])) == set(pairs([1, 3, 2, 4])[1:3])
    assert len(out_of_order(pairs([2, 1]))) == 2


def test_a_rising_file_is_in_order_with_and_without_holes() -> None:
    assert out_of_order(pairs([1, 2, 30, 31, 500])) == set()
    assert out_of_order([]) == set()


def test_a_long_file_backwards_takes_no_time() -> None:
    assert len(out_of_order(pairs(list(range(50_000, 0, -1))))) == 50_000
