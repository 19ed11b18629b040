"""How soon a published result has to be stored: the bound, and the moment from which it counts.

A source is asked when a result is due, and again after pauses of at most two hours while the newest one due is not
there. So whoever publishes that one is asked within two hours, as long as source, process, disk and clock are in order.
One that comes after a newer one is stored is taken along with the next one due.
"""

from collections.abc import Iterator
from datetime import date
from itertools import pairwise

from actors.ingestor import FETCH_SECONDS_MAX, RETRY_SECONDS_MAX
from tests.simulation.oracle import KEPT_SECONDS_MAX
from tests.simulation.play import Play
from tests.simulation.scenario import FeedScript, Span, due_seconds

PROMPT_SECONDS_MAX = RETRY_SECONDS_MAX + FETCH_SECONDS_MAX + KEPT_SECONDS_MAX


def late_results(play: Play) -> Iterator[str]:
    """Say of each result that was stored later than it had to be, or not at all."""
    for publisher in play.stage.publishers:
        script = publisher.script
        for one in script.publications:
            reachable = reachable_at(play, script, one.day, one.at)
            stored = play.stage.stored_at.get((script.game.game_id, one.day))
            if reachable is None:  # not before the end
                continue
            if stored is None or stored > reachable + PROMPT_SECONDS_MAX:
                yield f"{script.game.game_id}: {one.day}, reachable at {reachable:g} s, was stored at {stored} s"


def reachable_at(play: Play, script: FeedScript, day: date, published: float) -> float | None:
    """Return from when on a result had to be found within the bound; None if it did not come to that."""
    dues = {one.day: due_seconds(script.game, one.day, play.scenario.began) for one in script.publications}
    moment = _quiet_from(play, script, max(0.0, published, dues[day]))
    newest = max((other for other in dues if dues[other] <= moment), default=day)
    stored = play.stage.stored_at.get((script.game.game_id, newest))
    if newest != day and stored is not None and stored < moment:
        moment = _quiet_from(play, script, min((due for due in dues.values() if due > moment), default=moment))
    return moment if moment + PROMPT_SECONDS_MAX <= play.last_life.ended else None


def _quiet_from(play: Play, script: FeedScript, moment: float) -> float:
    """Return the first moment from this one on after which nothing is out of order for as long as the bound."""
    for trouble in sorted(_troubles(play, script), key=lambda span: span.start):
        if trouble.start < moment + PROMPT_SECONDS_MAX:
            moment = max(moment, trouble.end)
    return moment


def _troubles(play: Play, script: FeedScript) -> list[Span]:
    """Return when source, clock, disk or process were out of order."""
    lives = play.lives
    gaps = [Span(start=one.ended, end=other.began) for one, other in pairwise(lives) if other.began > one.ended]
    return [*script.outages, *play.scenario.jumps, *play.scenario.full, *gaps]
