"""What must hold once all faults have stopped: nothing lost, changed, doubled or stuck. A breach is a sentence."""

from collections.abc import Iterator, Mapping
from datetime import date

import attrs
import trio

from actors.board import game_of
from actors.system import DRAIN_SECONDS_MAX, MAILBOX_BATCHES_MAX
from storage.memory import GameState, MemoryStore
from tests.simulation.play import Life, Play
from tests.simulation.publisher import Delivery
from tests.simulation.scenario import Scenario, Simulated
from tests.simulation.stage import INJECTED
from universe.counting import count_draws
from universe.seed import draw_rank, ranks_of_draws
from universe.units import DrawBatch, DrawUnit, ResultsUnit

KEPT_SECONDS_MAX = 60.0  # what a feed delivers is kept so soon, unless something goes wrong meanwhile
RATE_SLACK = 0.9


def has_settled(play: Play) -> bool:
    """Whether nothing is left to wait for: draws at their bounds, results stored, everything compared."""
    stage = play.stage
    if not play.scenario.at_bounds:  # then the calm is played to its end, with all that is due in it
        return trio.current_time() >= play.scenario.end - play.scenario.calm_seconds / 100 and _is_calm(play)
    return all(stage.store.games[game.game_id].watermark == bound(play, game) for game in play.scenario.games) and (
        _is_calm(play) and play.board.is_settled()
    )


def _is_calm(play: Play) -> bool:
    store = play.stage.store
    parked = [play.board.status_of(game.game_id).parked for game in play.scenario.games]
    waiting = [one for one in parked if one and not one.actor.endswith(".ingestor")]  # it tries again by itself, soon
    return (
        not waiting
        and not any(missing(play).values())
        and not any(store.pending_comparisons(game.game_id, 10**9) for game in play.scenario.games)
    )


def bound(play: Play, game: Simulated) -> int:
    """Return the last draw that a game may reach."""
    max_draws = play.stage.store.games[game.game_id].max_draws
    return max_draws if game.last_draw is None else min(max_draws, game.last_draw)


def missing(play: Play) -> Mapping[str, set[date]]:
    """Return the dates whose results were published before the calm began, or well before its end, and not stored."""
    scenario = play.scenario
    until = scenario.storm_seconds if scenario.at_bounds else scenario.end - 3 * 3_600
    stored = play.stage.store.games
    return {
        publisher.script.game.game_id: publisher.published(until) - stored[publisher.script.game.game_id].results.keys()
        for publisher in play.stage.publishers
    }


def breaches(play: Play) -> list[str]:
    """Return all that is wrong at the end."""
    found = list(play.stage.violations)
    for game in play.scenario.games:
        state = play.stage.store.games[game.game_id]
        found += [f"{game.game_id}: {breach}" for breach in _draws_and_comparisons(state)]
    found += _stuck(play)
    found += _shown(play)
    found += _results(play)
    found += _crashes(play)
    for life in play.lives:
        found += [f"life {life.number}: {breach}" for breach in _bounds(play.scenario, life)]
    return found


def _stuck(play: Play) -> Iterator[str]:
    if play.settled_at is not None:
        return
    yield f"not settled {play.scenario.calm_seconds:g} s after the last fault"
    for game in play.scenario.games:
        state = play.stage.store.games[game.game_id]
        yield f"{game.game_id}: at draw {state.watermark} of {bound(play, game)}"
        if pending := play.stage.store.pending_comparisons(game.game_id, 10**9):
            yield f"{game.game_id}: {len(pending)} dates not compared"
    for game_id, days in missing(play).items():
        if days:
            yield f"{game_id}: no result of {', '.join(map(str, sorted(days)))}"


def _draws_and_comparisons(state: GameState) -> Iterator[str]:
    clock = state.clock
    expected = tuple(draw_rank(clock.game, clock.draw_date(number), number) for number in range(1, state.watermark + 1))
    if state.ranks != expected:
        yield "a rank is not the seed rule's"
    model = undisturbed(state)
    if state.levels != model.levels:
        yield f"match levels {dict(state.levels)}, not {dict(model.levels)}"
    if _events(state) != _events(model):
        yield "match events differ from those of an undisturbed universe"
    if state.compared_to != model.compared_to:
        yield f"compared to {state.compared_to}, not to {model.compared_to}"


def _events(state: GameState) -> list[tuple[int, int, int, int]]:
    return sorted((one.draw_number, one.main_matches, one.bonus_matches, one.rank) for one in state.events)


def undisturbed(state: GameState) -> GameState:
    """Return what there would be if the results had come first and one commit had brought every draw."""
    clock, last = state.clock, state.watermark
    store = MemoryStore(clock, max_draws=state.max_draws)
    store.commit([ResultsUnit(game_id=clock.game.game_id, results=tuple(state.results.values()), source="")])
    if last:
        ranks = ranks_of_draws(clock, 1, last)
        batch = DrawBatch(clock=clock, first=1, ranks=ranks)
        store.commit([DrawUnit(batch=batch, delta=count_draws(clock, 1, ranks))])
    return store.games[clock.game.game_id]


def _results(play: Play) -> Iterator[str]:
    """What was delivered in calm is stored or a known conflict; nothing is stored or known that nobody offered."""
    offered = {(one.game.game_id, one.result) for one in play.scenario.elsewhere if one.result}
    for publisher in play.stage.publishers:
        for delivery in publisher.deliveries:
            offered |= {(delivery.game_id, result) for result in delivery.results}
            if _undisturbed(play, delivery):
                yield from _not_kept(play.stage.store.games[delivery.game_id], delivery)
    for game_id, state in play.stage.store.games.items():
        for day, result in state.results.items():
            if (game_id, result) not in offered or result.draw_date != day:
                yield f"{game_id}: {result} is stored, but nobody offered it"
        for day, result in state.conflicts:
            if (game_id, result) not in offered or state.results[day] == result:
                yield f"{game_id}: {result} is no conflict"


def _not_kept(state: GameState, delivery: Delivery) -> Iterator[str]:
    for result in delivery.results:
        day = result.draw_date
        if state.results.get(day) != result and (day, result) not in state.conflicts:
            yield f"{delivery.game_id}: {result}, delivered at {delivery.at:g} s, is neither stored nor in conflict"


def _undisturbed(play: Play, delivery: Delivery) -> bool:
    """Whether nothing went wrong for a while after a delivery."""
    start, end = delivery.at, delivery.at + KEPT_SECONDS_MAX
    troubles = [crash.at for crash in play.stage.log.crashes]
    troubles += [life.asked_to_stop if life.asked_to_stop is not None else life.ended for life in play.lives]
    full = any(span.start < end and start < span.end for span in play.scenario.full)
    return not full and not any(start <= trouble <= end for trouble in troubles)


def _shown(play: Play) -> Iterator[str]:
    """Nobody is shown as parked but an ingestor whose source contradicts what is stored."""
    for game in play.scenario.games:
        if play.settled_at is not None:
            vitals, state = play.vitals[game.game_id], play.stage.store.games[game.game_id]
            if vitals.simulating != (state.watermark < bound(play, game)):
                yield f"{game.game_id}: shown as simulating: {vitals.simulating}, at draw {state.watermark}"
            contradicts = _contradicts(play, state)
            if (vitals.parked is not None) != contradicts:
                yield f"{game.game_id}: parked is {vitals.parked}, the source contradicts: {contradicts}"


def _contradicts(play: Play, state: GameState) -> bool:
    """Whether what this life's ingestor was given last is not what is stored."""
    given = [
        delivery
        for publisher in play.stage.publishers
        for delivery in publisher.deliveries
        if delivery.game_id == state.clock.game.game_id and delivery.at >= play.last_life.began and delivery.results
    ]
    return bool(given) and any(state.results[result.draw_date] != result for result in given[-1].results)


def _crashes(play: Play) -> Iterator[str]:
    """Only what the scenario asked for crashes, and the board counts each crash that was restarted after."""
    log = play.stage.log
    for crash in log.crashes:
        if not all(isinstance(cause, INJECTED) for cause in crash.causes):
            yield f"{crash.actor} crashed at {crash.at:g} s, and nobody asked for it: {crash.causes!r}"
    for life in play.lives:
        if life.ending == "kill":
            continue
        restarted = [crash.actor for crash in log.crashes if crash.life == life.number and crash.restarted]
        for game_id, restarts in life.restarts.items():
            mine = sum(game_of(actor) in {game_id, ""} for actor in restarted)
            if mine != restarts:
                yield f"{game_id}: {restarts} restarts shown in life {life.number}, there were {mine}"


def _bounds(scenario: Scenario, life: Life) -> Iterator[str]:
    """A full mailbox holds the simulators back, and a life ends soon after it is asked to."""
    delays, batches = scenario.delays, MAILBOX_BATCHES_MAX + 2  # one being sent, one being counted
    if life.uncounted_max > batches * scenario.scale.batch_draws:
        yield f"{life.uncounted_max} draws of a game waited to be counted"
    if life.asked_to_stop is not None:
        took, allowed = life.ended - life.asked_to_stop, DRAIN_SECONDS_MAX + 2 * max(attrs.astuple(delays)) + 0.001
        if took > allowed:
            yield f"stopping took {took:g} s, not {allowed:g}"
