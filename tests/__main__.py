"""One command for everything that is checked: format, lint, types, tests. ``python -m tests --fix`` formats first."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CHECKS = (
    ("ruff", "format", "--check", "."),
    ("ruff", "check", "."),
    ("mypy",),
    ("pytest", "-q", "-n", "2", "--dist", "loadfile"),
)
FIXES = (("ruff", "format", "."), ("ruff", "check", "--fix-only", "."))


def main(arguments: list[str]) -> int:
    """Run every check in order; the first that fails gives the exit code."""
    fixing = "--fix" in arguments
    for command in (*(FIXES if fixing else ()), *CHECKS):
        print("+", *command, flush=True)  # noqa: T201  a person reads along
        done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, check=False)
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
