"""The addresses of a source: how it is paged, and how it may be named where others read along. Pure."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

import attrs

PAGE_MARK = "{page}"
SOCRATA_ROWS_PER_PAGE = 1000  # what such a server grants without being asked, so no page is cut short
_SOCRATA_PATH = re.compile(r"/resource/[^/]+\.json")
_SOCRATA_KEYS = frozenset({"$limit", "$offset", "$query"})
_URL = re.compile(r"(?i)\s*(https?:|[a-z][a-z0-9+.-]*://)")
_PARTS = re.compile(
    r"(?s)([^:]*:/*)([^/?#]*)([^?#]*)(.*)"
)  # scheme, host with whatever stands before it, path, the rest


@attrs.frozen
class PagePlan:
    """Where page 1, 2, … is. A page of fewer rows than ``full_page_rows`` is the last; 0: there is only one page."""

    address: Callable[[int], str]
    full_page_rows: int

    @property
    def paged(self) -> bool:
        """Whether a page may follow the first."""
        return self.full_page_rows > 0


def is_url(source: str) -> bool:
    """Whether the source is an address; everything else is a path."""
    return _URL.match(source) is not None


def page_plan(url: str) -> PagePlan:
    """Tell by its form how a source is paged. Whoever sets $limit, $offset or $query means that one page."""
    if PAGE_MARK in url:
        return PagePlan(lambda page: url.replace(PAGE_MARK, str(page)), full_page_rows=1)
    parts = urlsplit(url)
    given = parse_qsl(parts.query, keep_blank_values=True)
    if _SOCRATA_PATH.search(parts.path) and not any(key in _SOCRATA_KEYS for key, _ in given):
        return PagePlan(partial(_socrata_address, parts, given), full_page_rows=SOCRATA_ROWS_PER_PAGE)
    return PagePlan(lambda _: url, full_page_rows=0)


def _socrata_address(parts: SplitResult, given: Sequence[tuple[str, str]], page: int) -> str:
    order = [] if any(key == "$order" for key, _ in given) else [("$order", "draw_date")]
    offset = (page - 1) * SOCRATA_ROWS_PER_PAGE
    query = [*given, *order, ("$limit", str(SOCRATA_ROWS_PER_PAGE)), ("$offset", str(offset))]
    return urlunsplit(parts._replace(query=urlencode(query, safe="$")))


def shown_source(source: str) -> str:
    """Return the source for messages and logs: without credentials, without the query where keys are handed over.

    Behind the host no "@" can be told from the end of a password with a "/" or "?" in it: then nothing else is shown.
    """
    parts = _PARTS.fullmatch(source) if is_url(source) else None
    if parts:
        scheme, host, path, rest = parts.groups()
        _, credentials, name = host.rpartition("@")
        shown = f"{'***@' if credentials else ''}{name}{path}{'?…' if rest.startswith('?') else ''}"
        source = scheme + ("***" if "@" in path + rest else shown)
    return "".join(character if character.isprintable() else "?" for character in source)
