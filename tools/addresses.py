"""The addresses of resources: which there are, and what a given one names."""

import re
from datetime import date
from typing import Literal

import attrs

from tools.arguments import day_of
from universe.game import GAME_ID_PATTERN

STATUS_URI = "universe://status"
GUIDE_URI = "universe://guide"
GAME_TEMPLATE = "universe://games/{game_id}"
DEFINITION_TEMPLATE = "universe://games/{game_id}/definition"
DRAW_DATE_TEMPLATE = "universe://games/{game_id}/draw-dates/{draw_date}"
URIS = (STATUS_URI, GUIDE_URI, GAME_TEMPLATE, DEFINITION_TEMPLATE, DRAW_DATE_TEMPLATE)
URI_CHARACTERS_MAX = 256

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]+")  # scheme, colon, then anything visible in ASCII
_GAME = re.compile(rf"universe://games/({GAME_ID_PATTERN})(/definition|/draw-dates/([0-9-]+))?")

Kind = Literal["status", "guide", "game", "definition", "draw_date"]


@attrs.frozen(kw_only=True)
class Address:
    """What a URI of ours names. ``game_id`` and ``draw_date`` are there as the kind needs them."""

    kind: Kind
    game_id: str = ""
    draw_date: date | None = None

    @property
    def uri(self) -> str:
        """The one way to write it."""
        match self.kind:
            case "status":
                return STATUS_URI
            case "guide":
                return GUIDE_URI
            case "game":
                return game_uri(self.game_id)
            case "definition":
                return f"{game_uri(self.game_id)}/definition"
            case "draw_date":
                return f"{game_uri(self.game_id)}/draw-dates/{self.draw_date}"


def game_uri(game_id: str) -> str:
    """Return the address of a game."""
    return f"universe://games/{game_id}"


def is_well_formed(uri: str) -> bool:
    """Whether a text is a URI at all, ours or not, and not longer than any of ours."""
    return len(uri) <= URI_CHARACTERS_MAX and _URI.fullmatch(uri) is not None


def address_of(uri: str) -> Address | None:
    """Return what a URI names, whether it exists or not; None if nothing of ours has such an address."""
    if uri in (STATUS_URI, GUIDE_URI):
        return Address(kind="status" if uri == STATUS_URI else "guide")
    found = _GAME.fullmatch(uri)
    if found is None:
        return None
    game_id, part, day = found.groups()
    if part is None:
        return Address(kind="game", game_id=game_id)
    if day is None:
        return Address(kind="definition", game_id=game_id)
    try:
        return Address(kind="draw_date", game_id=game_id, draw_date=day_of(day))
    except ValueError:
        return None
