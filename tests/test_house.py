"""The house and its rules: knowledge flows one way, nothing heavy is imported early, nothing names a real lottery."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MAY_KNOW = {  # package: those it may import, besides itself
    "universe": set[str](),
    "storage": {"universe"},
    "actors": {"universe", "storage"},
    "tools": {"universe", "storage"},
    "ops": {"universe", "storage", "actors", "tools"},
}
HTTP_ALONE = ("hypercorn", "prometheus_client", "throttled", "tools.http.server")  # stdio does without
BRANDS = re.compile(r"superlotto|powerball|mega ?millions|euro ?millions|cash ?five|lotto 6|lotto texas", re.IGNORECASE)


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: imports are absolute"
            yield node.module or ""


@pytest.mark.parametrize("package", MAY_KNOW)
def test_knowledge_flows_one_way(package: str) -> None:
    for path in sources(package):
        known = {name.partition(".")[0] for name in imported(path)} & {*MAY_KNOW, "tests"}
        assert known <= MAY_KNOW[package] | {package}, f"{path} knows {known}"


@pytest.mark.parametrize("package", [package for package in MAY_KNOW if package != "ops"])
def test_the_domain_and_the_store_wait_for_nothing(package: str) -> None:
    """Only what may wait is async: neither the domain nor the store knows the event loop."""
    if package in {"universe", "storage"}:
        for path in sources(package):
            assert not {"trio", "anyio", "asyncio"} & set(imported(path)), path


@pytest.mark.parametrize("package", MAY_KNOW)
def test_nothing_names_a_real_lottery(package: str) -> None:
    for path in [*sources(package), *(ROOT / package).rglob("*.toml")]:
        assert not BRANDS.search(path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize("module", ["ops.main", "ops.run", "ops.process", "ops.serving", "tools.server"])
def test_the_first_answer_waits_for_nothing_heavy(module: str) -> None:
    """Arrays, statistics, progress bars and the store are loaded behind the server's first answer."""
    heavy = (*("numpy", "scipy", "rich.progress", "apsw", "storage.store", "actors.system"), *HTTP_ALONE)
    code = f"import sys, {module}; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ast.literal_eval(done.stdout) == []
