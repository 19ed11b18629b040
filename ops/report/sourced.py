"""Where the real results came from, and what other sources say otherwise."""

from collections import Counter, defaultdict
from datetime import date
from pathlib import PurePath

import apsw

from ops.report.data import Contradiction, Source
from storage.results import conflicts_of
from storage.snapshot import Snapshot
from storage.views import GameView
from universe.results.result import RealResult

CONTRADICTIONS_SHOWN = 50


def sources_of(db: apsw.Connection, key: int, snapshot: Snapshot, view: GameView) -> tuple[Source, ...]:
    """Return every source with what it gave, the largest first; and those that only contradicted."""
    held: dict[str, list[date]] = defaultdict(list)
    for stored in snapshot.results(view, None, None, view.results_count, None):
        held[stored.source].append(stored.result.draw_date)
    conflicts = Counter(source for _, source in conflicts_of(db, key))
    return tuple(
        Source(
            name=_shown_source(name),
            rows=len(held.get(name, ())),
            first=min(held[name]) if name in held else None,
            last=max(held[name]) if name in held else None,
            conflicts=conflicts[name],
        )
        for name in sorted({*held, *conflicts}, key=lambda name: (-len(held.get(name, ())), name))
    )


def contradictions_of(db: apsw.Connection, key: int, snapshot: Snapshot, view: GameView) -> tuple[Contradiction, ...]:
    """Return the first contradictions by date, each beside what is stored."""
    found = []
    for offered, source in conflicts_of(db, key)[:CONTRADICTIONS_SHOWN]:
        stored = snapshot.result(view, offered.draw_date)
        if stored is not None:
            found.append(
                Contradiction(
                    draw_date=offered.draw_date,
                    stored=shown(stored.result),
                    stored_source=_shown_source(stored.source),
                    offered=shown(offered),
                    offered_source=_shown_source(source),
                )
            )
    return tuple(found)


def _shown_source(name: str) -> str:
    """Return a source as a page shows it that may be sent: of a local file its name alone."""
    return name if "://" in name else PurePath(name).name


def shown(result: RealResult) -> str:
    """Return a result's numbers as people write them."""
    main = " ".join(map(str, result.main_numbers))
    return f"{main} + {' '.join(map(str, result.bonus_numbers))}" if result.bonus_numbers else main
