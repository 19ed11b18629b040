"""Every figure of every tool against a recount by brute force."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import pytest

from tests.acceptance.conftest import OTHERS, Asked, Recount
from tests.acceptance.rule import (
    Level,
    Lottery,
    Ticket,
    chi_square_tail,
    drums,
    level_counts,
    level_of,
    level_probability,
    levels,
    number_counts,
    statistic,
    z_score,
)

UNIVERSES = ["first", "late", "tiny", *OTHERS]


@pytest.fixture(params=UNIVERSES)
def asked(request: pytest.FixtureRequest) -> tuple[Asked, Recount]:
    """A connected universe and the recount of one of its games."""
    name = request.param
    found: Asked = request.getfixturevalue("others" if name in OTHERS else name)
    return found, found.recounts[name] if name in OTHERS else found.recount


def check_snapshot(answer: dict[str, Any], recount: Recount) -> None:
    snapshot, last = answer["snapshot"], recount.draws[-1]
    assert snapshot["game_id"] == recount.game.game_id
    assert (snapshot["draw_number"], snapshot["draw_date"]) == (last.number, last.day.isoformat())
    assert snapshot["committed_at"].endswith("Z")


def real_document(game: Lottery, day: date, ticket: Ticket) -> dict[str, object]:
    main, bonus = ticket
    return {
        "game_id": game.game_id,
        "draw_number": None,
        "draw_date": day.isoformat(),
        "seed": None,
        "main_numbers": [*main],
        "bonus_numbers": [*bonus],
        "bonus_number": bonus[0] if len(bonus) == 1 else None,
    }


def level_of_entry(entry: dict[str, Any]) -> Level:
    return entry["main_matches"], entry["bonus_matches"]


def check_levels(entries: Sequence[dict[str, Any]], key: str, counts: Counter[Level], recount: Recount, n: int) -> None:
    """Every level once, in order, its count exact and beside its exact expectation for ``n`` draws."""
    assert [level_of_entry(entry) for entry in entries] == levels(recount.game)
    assert {level_of_entry(entry): entry[key] for entry in entries} == {
        level: counts[level] for level in levels(recount.game)
    }
    for entry in entries:
        expected = float(level_probability(recount.game, level_of_entry(entry)) * n)
        assert entry["expected"] == pytest.approx(expected, rel=1e-12)


def test_latest_draws(asked: tuple[Asked, Recount]) -> None:
    universe, recount = asked
    for limit in (1, 7, 100):
        answer = universe.client.ask("get_latest_draws", limit=limit, game_id=recount.game.game_id)
        check_snapshot(answer, recount)
        assert answer["draws"] == [draw.document() for draw in reversed(recount.draws[-limit:])]


def test_latest_draws_are_ten_by_default(first: Asked) -> None:
    assert len(first.client.ask("get_latest_draws")["draws"]) == 10


def test_latest_real_results(asked: tuple[Asked, Recount]) -> None:
    universe, recount = asked
    answer = universe.client.ask("get_latest_draws", limit=9, source="real", game_id=recount.game.game_id)
    check_snapshot(answer, recount)
    newest = sorted(recount.real, reverse=True)[:9]
    assert answer["draws"] == [real_document(recount.game, day, recount.real[day]) for day in newest]


def check_frequencies(answer: dict[str, Any], tickets: Sequence[Ticket], game: Lottery) -> None:
    n = len(tickets)
    assert answer["total_draws"] == n
    for at, (drum, (picked, size)) in enumerate(drums(game).items()):
        counts = number_counts(ticket[at] for ticket in tickets)
        assert [(e["number"], e["count"]) for e in answer[drum]] == [(b, counts[b]) for b in range(1, size + 1)]
        for entry in answer[drum]:
            assert entry["expected"] == pytest.approx(n * picked / size, rel=1e-12)
            z = z_score(entry["count"], n, picked, size) if n else None
            assert entry["z"] == (None if z is None else pytest.approx(z, rel=1e-9, abs=1e-9))
        test = answer[f"{drum}_test"]
        assert test["degrees_of_freedom"] == size - 1
        if n:
            assert test["statistic"] == pytest.approx(statistic(counts, n, picked, size), rel=1e-9)
            assert test["p_value"] == pytest.approx(chi_square_tail(test["statistic"], size - 1), rel=1e-6, abs=1e-12)
        else:
            assert test["p_value"] is None
    if game.bonus is None:
        assert answer["bonus"] == []
        assert answer["bonus_test"] is None


def windows(recount: Recount) -> Iterator[tuple[str, date, date]]:
    first, last = recount.draws[0].day, recount.draws[-1].day
    yield "last_draw_date", last, last
    yield "last_7_days", last - timedelta(days=6), last
    yield "last_30_days", last - timedelta(days=29), last
    yield f"{first}..{first}", first, first
    day = timedelta(days=1)
    yield f"{first - 400 * day}..{first + 3 * day}", first - 400 * day, first + 3 * day
    yield f"{first + day}..{last - day}", first + day, last - day
    yield f"{last + day}..{last + 40 * day}", last + day, last + 40 * day


def test_frequencies_of_all_time(asked: tuple[Asked, Recount]) -> None:
    universe, recount = asked
    answer = universe.client.ask("get_frequency_stats", game_id=recount.game.game_id)
    check_snapshot(answer, recount)
    assert answer["window"] == {
        "name": "all_time",
        "from": recount.draws[0].day.isoformat(),
        "to": recount.draws[-1].day.isoformat(),
    }
    check_frequencies(answer, [draw.ticket for draw in recount.draws], recount.game)
    check_frequencies(answer["real"], [*recount.real.values()], recount.game)


def test_frequencies_of_windows(asked: tuple[Asked, Recount]) -> None:
    universe, recount = asked
    for name, first, last in windows(recount):
        answer = universe.client.ask("get_frequency_stats", window=name, game_id=recount.game.game_id)
        assert answer["window"] == {"name": name, "from": first.isoformat(), "to": last.isoformat()}
        check_frequencies(answer, [d.ticket for d in recount.draws if first <= d.day <= last], recount.game)
        real = [ticket for day, ticket in recount.real.items() if first <= day <= last]
        if answer["real"] is None:
            assert not real
        else:
            check_frequencies(answer["real"], real, recount.game)


def any_ticket(game: Lottery, chance: random.Random) -> Ticket:
    main = tuple(sorted(chance.sample(range(1, game.main[1] + 1), game.main[0])))
    if game.bonus is None:
        return main, ()
    balls = [ball for ball in range(1, game.bonus[1] + 1) if not (game.rest and ball in main)]
    return main, tuple(sorted(chance.sample(balls, game.bonus[0])))


def shown_bonus(bonus: Sequence[int]) -> int | list[int] | None:
    if not bonus:
        return None
    return bonus[0] if len(bonus) == 1 else [*bonus]


def test_occurrences_and_match_levels_of_tickets(asked: tuple[Asked, Recount]) -> None:
    universe, recount = asked
    game, chance = recount.game, random.Random(7)
    tickets = [
        *(any_ticket(game, chance) for _ in range(12)),
        *(draw.ticket for draw in chance.sample(recount.draws, 6)),
        *chance.sample([*recount.real.values()], 3),
        recount.draws[0].ticket,
        recount.draws[-1].ticket,
    ]
    for ticket in tickets:
        main = chance.sample(ticket[0], len(ticket[0]))
        answer = universe.client.ask(
            "check_numbers_occurrence", main_numbers=main, bonus_number=shown_bonus(ticket[1]), game_id=game.game_id
        )
        check_snapshot(answer, recount)
        counts = level_counts(recount.draws, ticket)
        assert answer["occurrences"] == sum(draw.ticket == ticket for draw in recount.draws)
        assert answer["probability"] == pytest.approx(1 / game.outcomes, rel=1e-12)
        assert answer["expected_occurrences"] == pytest.approx(len(recount.draws) / game.outcomes, rel=1e-12)
        assert answer["real_occurrences"] == [
            day.isoformat() for day in sorted(recount.real) if recount.real[day] == ticket
        ]
        if game.game_id in {"GAME_006", "GAME_007"}:
            assert answer["match_levels"] is None
        else:
            check_levels(answer["match_levels"], "draws", counts, recount, len(recount.draws))


def test_missing_match_levels_are_explained(others: Asked) -> None:
    result = others.client.tool(
        "check_numbers_occurrence", main_numbers=[1, 2, 3, 4, 5, 6], bonus_number=7, game_id="GAME_006"
    )
    assert "subset" in result["content"][0]["text"]


def events_from(recount: Recount, lowest: int, day: date | None = None) -> list[dict[str, Any]]:
    """Newest first."""
    events = []
    for draw in reversed(recount.compared):
        main, bonus = level_of(draw.ticket, recount.real[draw.day])
        if main + bonus >= lowest and day in {None, draw.day}:
            events.append(
                {
                    "draw_number": draw.number,
                    "draw_date": draw.day.isoformat(),
                    "match_level": main + bonus,
                    "main_matches": main,
                    "bonus_matches": bonus,
                    "synthetic": draw.ticket,
                    "real": recount.real[draw.day],
                }
            )
    return events


def as_recounted(event: dict[str, Any]) -> dict[str, Any]:
    """An event with its two sets of numbers as tickets."""
    sides = {
        side: (tuple(event[side]["main_numbers"]), tuple(event[side]["bonus_numbers"]))
        for side in ("synthetic", "real")
    }
    return {**event, **sides}


def test_match_events_and_their_totals(asked: tuple[Asked, Recount]) -> None:
    universe, recount = asked
    game = recount.game
    for lowest in range(max(0, game.picks - 2), game.picks + 1):
        answer = universe.client.ask("get_match_events", min_match_level=lowest, game_id=game.game_id, limit=100)
        check_snapshot(answer, recount)
        counts = Counter(level_of(draw.ticket, recount.real[draw.day]) for draw in recount.compared)
        assert answer["compared_draws"] == len(recount.compared)
        check_levels(answer["totals"], "observed", counts, recount, len(recount.compared))
        events = universe.client.pages(
            "get_match_events", "events", min_match_level=lowest, game_id=game.game_id, limit=73
        )
        assert [as_recounted(event) for event in events] == events_from(recount, lowest)
    default = universe.client.pages("get_match_events", "events", game_id=game.game_id)
    assert [as_recounted(event) for event in default] == events_from(recount, game.picks - 2)


def test_match_events_of_one_date(asked: tuple[Asked, Recount]) -> None:
    universe, recount = asked
    days = sorted({draw.day for draw in recount.draws})
    for day in (days[0], days[len(days) // 2], days[-1]):
        arguments = {"draw_date": day.isoformat(), "game_id": recount.game.game_id}
        answer = universe.client.ask("get_match_events", **arguments)
        compared = [draw for draw in recount.compared if draw.day == day]
        assert answer["compared_draws"] == len(compared)
        counts = Counter(level_of(draw.ticket, recount.real[draw.day]) for draw in compared)
        check_levels(answer["totals"], "observed", counts, recount, len(compared))
        events = universe.client.pages("get_match_events", "events", **arguments, limit=9)
        assert [as_recounted(event) for event in events] == events_from(recount, recount.game.picks - 2, day)


def test_draws_are_verified_by_their_number(asked: tuple[Asked, Recount]) -> None:
    universe, recount = asked
    last = len(recount.draws)
    chosen = {1, 2, last, last - 1, *random.Random(3).sample(range(1, last + 1), 20)}
    for number in sorted(chosen):
        draw = recount.draws[number - 1]
        answer = universe.client.ask("verify_draw", draw_number=number, game_id=recount.game.game_id)
        check_snapshot(answer, recount)
        expected = {**draw.document(), "message": draw.message, "digest": draw.digest, "rank": draw.rank}
        assert {key: answer[key] for key in expected} == expected
        assert answer["stored"] is True


def test_real_results_page_by_page(asked: tuple[Asked, Recount]) -> None:
    universe, recount = asked
    game_id = recount.game.game_id
    everything = universe.client.pages("get_real_results", "results", game_id=game_id, limit=100)
    found = [
        (date.fromisoformat(entry["draw_date"]), (tuple(entry["main_numbers"]), tuple(entry["bonus_numbers"])))
        for entry in everything
    ]
    assert found == sorted(recount.real.items(), reverse=True)
    assert all(entry["source"] for entry in everything)
    days = sorted(recount.real)
    low, high = days[3], days[40]
    part = universe.client.pages(
        "get_real_results", "results", **{"from": str(low), "to": str(high)}, game_id=game_id, limit=7
    )
    assert [entry["draw_date"] for entry in part] == [str(day) for day in reversed(days[3:41])]


def test_summary_of_a_draw_date(asked: tuple[Asked, Recount]) -> None:
    universe, recount = asked
    game = recount.game
    days = sorted({draw.day for draw in recount.draws})
    later = game.dates(days[-1] + timedelta(days=1), days[-1] + timedelta(days=30))[0]
    for day in (*days[:4], days[-1], later):
        answer = universe.client.ask("get_draw_date_summary", draw_date=day.isoformat(), game_id=game.game_id)
        check_snapshot(answer, recount)
        numbers = [draw.number for draw in recount.draws if draw.day == day]
        assert answer["draw_date"] == day.isoformat()
        assert answer["synthetic_draws"] == len(numbers)
        assert answer["first_draw_number"] == (numbers[0] if numbers else None)
        assert answer["last_draw_number"] == (numbers[-1] if numbers else None)
        real = recount.real.get(day)
        if real is None:
            assert answer["real"] is None
            continue
        assert (tuple(answer["real"]["main_numbers"]), tuple(answer["real"]["bonus_numbers"])) == real
        if numbers:
            counts = Counter(level_of(draw.ticket, real) for draw in recount.draws if draw.day == day)
            check_levels(answer["match_totals"], "observed", counts, recount, len(numbers))


def test_status_counts_what_there_is(asked: tuple[Asked, Recount]) -> None:
    universe, recount = asked
    status = universe.client.ask("get_universe_status")
    assert [game["game_id"] for game in status["games"]] == sorted(universe.recounts)
    (game,) = (game for game in status["games"] if game["game_id"] == recount.game.game_id)
    last = recount.draws[-1]
    assert (game["draw_number"], game["total_draws"]) == (last.number, last.number)
    assert game["draw_date"] == last.day.isoformat()
    assert game["real_results"] == {
        "count": len(recount.real),
        "first": min(recount.real).isoformat(),
        "last": max(recount.real).isoformat(),
        "conflicts": 0,
    }
    assert (game["phase"], game["halt_reason"], game["parked"], game["restarts"]) == ("halted", "limit", None, 0)
    assert game["milestone"] == {"max_draws": 40_000_000, "until": None}
    assert game["completion_percent"] == pytest.approx(100 * last.number / 40_000_000)
    assert status["universe"]["mode"] == "test"
    assert status["universe"]["role"] == "leader"
