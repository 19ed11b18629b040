"""Every event that the program logs is one that operators can look up."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("universe", "storage", "actors", "tools", "ops")
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
NOT_OPERATED = re.compile(r"ops/(bench|soak|fixtures)")  # run by those who work on the program


def logged(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=called, args=[ast.Constant(value=str(event)), *_]) if _is_of_log(called):
                yield event


def _is_of_log(called: ast.expr) -> bool:
    """Whether this is ``log.info`` or the like, or one of two of them."""
    match called:
        case ast.IfExp():
            return _is_of_log(called.body) and _is_of_log(called.orelse)
        case ast.Attribute(value=ast.Name(id="log"), attr=level):
            return level in LEVELS
    return False


def test_every_event_is_in_the_operators_table_and_no_other() -> None:
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    told = {event for path in paths if not NOT_OPERATED.match(str(path.relative_to(ROOT))) for event in logged(path)}
    page = (ROOT / "ops/docs/operations.md").read_text(encoding="utf-8")
    table = page[page.index("| event | when |") :]
    table = table[: table.index("\n\n")]
    listed = {name for row in table.splitlines() for name in re.findall(r"`([a-z]+\.[a-z_]+)`", row.split("|")[1])}
    assert listed == told
