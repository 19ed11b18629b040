"""Scripts: steps in their order, and what the universe says after each when nothing goes wrong."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs

from storage.fingerprint import fingerprints
from tests.crash.content import NOTHING, Content
from tests.crash.scene import GAME_OF
from tests.crash.steps import FILE, Life, Step, next_comparison

COMPARE_ALL = "compare all"  # stands for the steps that a comparer takes then


@attrs.frozen
class Script:
    """``contents[n]`` is what is stored after n steps, which is all that a crash may leave."""

    name: str
    steps: tuple[Step, ...]
    contents: tuple[Content, ...] = attrs.field(repr=False)
    prints: dict[str, str] = attrs.field(repr=False)  # of every game, in the end
    waiting: frozenset[str]  # games with draws to compare, in the end


def rehearsed(name: str, steps: Sequence[Step | str], folder: Path) -> Script:
    """Play the steps undisturbed on the universe in this folder, or on a new one."""
    life, taken, contents = Life(folder), list[Step](), [NOTHING]
    try:
        if (folder / FILE).exists():
            contents = [life.content()]
        for step in _explicit(steps, life):
            step(life)
            taken.append(step)
            contents.append(life.content())
        with life.store.reading() as db:
            prints = fingerprints(db)
        waiting = frozenset(game_id for game_id in prints if next_comparison(life.store, game_id))
    finally:
        life.close()
    return Script(name, tuple(taken), tuple(contents), prints, waiting)


def _explicit(steps: Sequence[Step | str], life: Life) -> Iterator[Step]:
    """Yield the steps, those of a comparer as the units that they commit at that point."""
    for step in steps:
        if isinstance(step, str):
            for game_id in GAME_OF:
                while (comparison := next_comparison(life.store, game_id)) is not None:
                    yield comparison
        else:
            yield step
