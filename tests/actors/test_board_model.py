"""What is shown: parked since it was first said, until the same actor goes on."""

from collections import Counter
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from actors.board import Board, game_of
from tests.actors.scenes import (
    START,
)
from universe.vitals import Parked

ACTORS = st.sampled_from(["writer", "watcher", "A.ingestor", "A.simulator", "B.ingestor"])


class BoardModel(RuleBasedStateMachine):
    """The board against a dictionary of each actor's reason and of when it first gave one."""

    def __init__(self) -> None:
        super().__init__()
        self.board, self.now = Board(), START
        self.parked: dict[str, tuple[str, datetime]] = {}
        self.restarts: list[str] = []

    @rule(actor=ACTORS, reason=st.sampled_from(["full", "contradicted"]), seconds=st.integers(-100, 100))
    def park(self, actor: str, reason: str, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        self.board.park(actor, reason, self.now)
        self.parked[actor] = (reason, self.parked[actor][1] if actor in self.parked else self.now)

    @rule(actor=ACTORS)
    def go_on(self, actor: str) -> None:
        self.board.unpark(actor)
        self.parked.pop(actor, None)

    @rule(actor=ACTORS)
    def restart(self, actor: str) -> None:
        self.board.note_restart(actor)
        self.restarts.append(actor)

    @invariant()
    def shows_all_of_it(self) -> None:
        shown = {parked.actor: (parked.reason, parked.since) for parked in self.board.parked()}
        assert shown == self.parked
        assert list(shown) == sorted(shown)
        assert self.board.restarts() == Counter(self.restarts)

    @invariant()
    def shows_what_concerns_each_game(self) -> None:
        for game_id in ("A", "B"):
            shown = self.board.status_of(game_id)
            mine = {
                Parked(actor=actor, reason=reason, since=since)
                for actor, (reason, since) in self.parked.items()
                if game_of(actor) in {game_id, ""}
            }
            own = {parked for parked in mine if game_of(parked.actor) == game_id}
            assert shown.parked in (own or mine) if mine else shown.parked is None
            assert shown.restarts == sum(game_of(actor) in {game_id, ""} for actor in self.restarts)


BoardModel.TestCase.settings = settings(max_examples=40, stateful_step_count=30)


TestBoard = BoardModel.TestCase
