"""get_latest_draws: the newest draws of a game, synthetic or real."""

from typing import Annotated, Literal

import attrs
from pydantic import Field

from tools.answers import Draw, SnapshotField, mark, real_draw, synthetic_draws
from tools.arguments import GAME_ID, LIMIT, Arguments, GameId
from tools.question import Question
from tools.source import Snapshot, Witness
from tools.words import counted, draw_text, heading

Origin = Literal["synthetic", "real"]


class LatestDrawsArguments(Arguments):
    """How many, of which game, of which kind."""

    limit: Annotated[int, LIMIT] = 10
    game_id: Annotated[GameId | None, GAME_ID] = None
    source: Annotated[
        Origin,
        Field(description="synthetic: draws of this universe; real: published results stored beside them."),
    ] = "synthetic"


@attrs.frozen(kw_only=True)
class LatestDrawsAnswer:
    """The newest draws, newest first."""

    snapshot: SnapshotField
    source: Annotated[Origin, Field(description="Which draws these are.")]
    draws: Annotated[list[Draw], Field(description="Newest first; fewer than asked for if no more exist.")]


def ask(snapshot: Snapshot, asked: LatestDrawsArguments, _: Witness) -> LatestDrawsAnswer:
    """Return the newest draws of one kind."""
    view = snapshot.game(asked.game_id)
    if asked.source == "real":
        stored = snapshot.results(view, None, None, asked.limit, None)
        draws = [real_draw(view.game, one.result) for one in stored]
    else:
        draws = synthetic_draws(view.game, snapshot.latest_draws(view, asked.limit))
    return LatestDrawsAnswer(snapshot=mark(view), source=asked.source, draws=draws)


def tell(answer: LatestDrawsAnswer) -> str:
    """Return one line a draw."""
    opening = (
        f"{counted(len(answer.draws), f'latest {answer.source} draws')}, newest first{':' if answer.draws else '.'}"
    )
    return "\n".join([heading(answer.snapshot), opening, *map(draw_text, answer.draws)])


LATEST_DRAWS = Question(
    name="get_latest_draws",
    title="Latest draws",
    description=(
        "The newest draws of a game, newest first, with date and numbers; synthetic draws also with their draw number"
        ' and seed (verify_draw shows how one follows from the other). source="real" gives the newest published'
        " results instead. Use it to see what was drawn lately; to count numbers, use get_frequency_stats. Example:"
        ' {"limit": 5, "game_id": "GAME_001"}.'
    ),
    arguments=LatestDrawsArguments,
    answer=LatestDrawsAnswer,
    ask=ask,
    tell=tell,
)
