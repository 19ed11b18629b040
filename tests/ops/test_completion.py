"""A shell completes commands, options and choices, and does not wait long for it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ops.main import _COMMANDS
from tests.ops.calling import Call

ROOT = Path(__file__).resolve().parents[2]
needs_bash = pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
SCRIPT = """
set -euo pipefail
PATH="{folder}:$PATH"
{source}
ask() {{
  COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
  _universe_completion universe "${{COMP_WORDS[COMP_CWORD]}}" ""
  echo "${{COMPREPLY[*]}}"
}}
{asked}
"""


@pytest.mark.parametrize(
    ("shell", "sign"),
    [
        ("bash", "complete -o nosort -F _universe_completion universe"),
        ("zsh", "#compdef universe"),
        ("fish", "complete"),
    ],
)
def test_it_prints_the_script_of_a_shell(call: Call, shell: str, sign: str) -> None:
    shown = call("completion", shell)
    assert sign in shown.out
    assert f"_UNIVERSE_COMPLETE={shell}_complete" in shown.out
    assert not shown.err
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=shown.out, text=True, check=True)


def test_a_shell_it_does_not_know_is_refused(call: Call) -> None:
    assert call("completion", "csh").refusal.startswith("Invalid value for '{bash|zsh|fish}': 'csh' is not one of")


@needs_bash
def test_bash_completes_with_it(call: Call, tmp_path: Path) -> None:
    """The script as printed, in a real shell; commands are all there though each is imported only when it is named."""
    questions = [
        ("universe", ""),
        ("universe", "run", "--tra"),
        ("universe", "run", "--mode", ""),
        ("universe", "--mode", "test", "games", ""),
        ("universe", "clients", "--client", "c"),
    ]
    asked = "\n".join("ask " + " ".join(f"'{word}'" for word in words) for words in questions)
    program = tmp_path / "universe"
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m ops.main "$@"\n', encoding="utf-8")
    program.chmod(0o700)
    script = SCRIPT.format(folder=tmp_path, source=call("completion", "bash").out, asked=asked)
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [line.split() for line in done.stdout.splitlines()] == [
        sorted(_COMMANDS),
        ["--transport"],
        ["prod", "test"],
        ["list", "show", "validate"],
        ["claude-desktop", "cursor", "claude-code"],
    ]


@needs_bash
def test_completing_imports_no_arrays_and_no_server() -> None:
    """What would make a person wait for the tab key."""
    code = (
        "import os, sys; os.environ.update(_UNIVERSE_COMPLETE='bash_complete', COMP_WORDS='universe ', COMP_CWORD='1');"
        "import ops.main; ops.main.run_command([]); print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [f"plain,{name}" for name in sorted(_COMMANDS)]
    assert not {"scipy", "numba", "mcp.server", "rich.progress", "hypercorn"} & set(done.stderr.split())
