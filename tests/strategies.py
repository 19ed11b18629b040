"""Random games for properties: every kind of pool, small enough to count by hand."""

from datetime import date

from hypothesis import strategies as st

from universe.game import WEEKDAYS, Game, Period, Pool, RestOfDrum

SINCE = date(2020, 1, 1)


@st.composite
def games(draw: st.DrawFn, *, size_max: int = 20, picked_max: int = 5) -> Game:
    """A game with a bonus from its own drum, from the rest of the main drum, or none."""
    picked = draw(st.integers(1, picked_max))
    size = draw(st.integers(picked + 2, max(size_max, picked + 2)))
    kind = draw(st.sampled_from(["none", "own", "rest"]))
    bonus: Pool | RestOfDrum | None = None
    if kind == "own":
        bonus_picked = draw(st.integers(1, 3))
        bonus = Pool(picked=bonus_picked, size=draw(st.integers(bonus_picked, 10)))
    elif kind == "rest":
        bonus = RestOfDrum(picked=draw(st.integers(1, min(3, (size - picked) // 2))))
    days = draw(st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=7, unique=True))
    return Game(
        game_id=draw(st.from_regex(r"[A-Z][A-Z0-9_]{0,12}", fullmatch=True)),
        since=SINCE,
        main=Pool(picked=picked, size=size),
        bonus=bonus,
        schedule=(Period(start=SINCE, days=tuple(days)),),
    )
