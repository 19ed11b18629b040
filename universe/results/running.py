"""A publisher's running draw numbers must rise with the dates. Which rows break that, and not one row more."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date
from itertools import pairwise

Pair = tuple[date, int]
NEIGHBOURS = 2  # on either side; one wrong row must not hide its neighbour's


def out_of_order(pairs: Collection[Pair]) -> set[Pair]:
    """Return the pairs (date, number) that do not belong to the one rising order that the others form.

    The longest rising run through the dates is taken for the truth, so one wrong number condemns one row and not all
    the rows behind it. Where several runs are equally long, the pair that goes on counting from rows near it is right;
    where that tells nothing either, say of two rows with their numbers swapped, all of the rivals are returned.
    """
    # Downwards within a date, so that no run takes two numbers of one date.
    ordered = sorted(set(pairs), key=lambda pair: (pair[0], -pair[1]))
    rivals = _rivals([number for _, number in ordered])
    certain = {places[0] for places in rivals if len(places) == 1}
    steady = _steady(ordered)
    settled = {fitting[0] for places in rivals if len(fitting := [place for place in places if place in steady]) == 1}
    right = sorted(certain | settled)
    if any(ordered[one][1] >= ordered[next_one][1] for one, next_one in pairwise(right)):
        right = sorted(certain)
    return set(ordered) - {ordered[place] for place in right}


def _rivals(numbers: Sequence[int]) -> list[list[int]]:
    """Return, step by step along the longest rising runs, the places that one of those runs goes through."""
    until_here = _longest_runs(numbers)
    from_here = _longest_runs([-number for number in reversed(numbers)])[::-1]
    longest = max(until_here, default=0)
    steps: dict[int, list[int]] = defaultdict(list)
    for place, (before, after) in enumerate(zip(until_here, from_here, strict=True)):
        if before + after - 1 == longest:
            steps[before].append(place)
    return list(steps.values())


def _steady(ordered: Sequence[Pair]) -> set[int]:
    """Return the places whose number is ahead of a near row's by as much as its place is."""
    ahead = [number - place for place, (_, number) in enumerate(ordered)]
    return {
        place
        for place in range(len(ordered))
        if ahead[place] in ahead[max(0, place - NEIGHBOURS) : place] + ahead[place + 1 : place + 1 + NEIGHBOURS]
    }


def _longest_runs(numbers: Sequence[int]) -> list[int]:
    """Return for each number the length of the longest strictly rising run that ends with it."""
    lowest_ends: list[int] = []  # the lowest number with which a run of length index + 1 ends
    lengths = []
    for number in numbers:
        place = bisect_left(lowest_ends, number)
        lowest_ends[place : place + 1] = [number]
        lengths.append(place + 1)
    return lengths
