"""What the first answer must not wait for, and what the tools must not know."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "tools").rglob("*.py"))


def run(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_the_first_answers_do_not_wait_for_numpy_or_the_database() -> None:
    code = """
import sys, tools.server
tools = [tools.server.tool_of(question) for question in tools.server.QUESTIONS]
assert len(tools) == 13
print(*(name for name in ("numpy", "scipy", "numba", "apsw") if name in sys.modules))
"""
    assert run(code).strip() == ""


def test_status_needs_neither_server_nor_protocol() -> None:
    """The command line shows it too, and should not pay for them."""
    assert run("import sys, tools.questions.status; print('mcp' in sys.modules)").strip() == "False"


def test_making_a_server_leaves_logging_alone() -> None:
    code = """
import logging
from tools.server import make_server
make_server(None, version="1")
print(logging.getLogger().handlers)
"""
    assert run(code).strip() == "[]"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_tools_know_the_domain_and_the_store_alone(module: Path) -> None:
    for node in ast.walk(ast.parse(module.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not {name.split(".")[0] for name in names} & {"actors", "ops"}
