"""Sessions of the documentation, executed: a directory a page, every command in order, what it prints compared."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import attrs

from tests.docs_pages import ROOT, Block

PROGRAMS = frozenset({"universe", "cat", "printf", "echo", "ls", "head", "sed", "grep", "sha256sum", "bash", "jq"})
SHELL_SIGNS = re.compile(r"[|;&<>$`*?(){}~\n]")
COMMAND_SECONDS_MAX = 120
FIGURES = (  # what differs between machines and runs, on both sides of a comparison
    (re.compile(r"\b\d+(\.\d+)? s\b"), "N s"),
    (re.compile(r"\b[\d,]+(\.\d+)? a second\b"), "N a second"),
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "TIME"),
)


@attrs.frozen
class Step:
    """One command of a session and what the page shows of its output."""

    command: str
    shown: str


def steps(block: Block) -> list[Step]:
    """Cut a session at its prompts; lines that go on begin with ``>`` or stand behind a backslash."""
    found, command, shown = list[Step](), list[str](), list[str]()

    def finish() -> None:
        if command:
            found.append(Step("\n".join(command), "".join(shown)))

    for line in block.text.splitlines():
        if line.startswith("$ "):
            finish()
            command, shown = [line[2:]], []
        elif command and not shown and (line == ">" or line.startswith("> ")):
            command.append(line[2:])
        elif command and not shown and command[-1].endswith("\\"):
            command.append(line)
        else:
            shown.append(f"{line}\n")
    finish()
    assert found, f"{block.place}: a session without a command"
    return found


def plain(text: str) -> str:
    """Mask what is never the same twice."""
    for pattern, word in FIGURES:
        text = pattern.sub(word, text)
    return re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)


def agrees(shown: str, printed: str) -> bool:
    """Whether the output is as the page shows it, ``…`` standing for anything."""
    lines = []
    for line in plain(shown).splitlines():
        parts = (re.escape(part) for part in line.split("…"))
        lines.append(r"(?:.*\n)*?" if line.strip() == "…" else ".*".join(parts) + r"\n")
    return re.fullmatch("".join(lines), plain(printed)) is not None


class Session:
    """The directory of one page, and the warm program."""

    def __init__(self, folder: Path, warm: "Warm") -> None:
        self.folder, self.warm = folder, warm
        self.work = folder / "work"
        self.work.mkdir()
        tools = folder / "bin"
        tools.mkdir()
        program = tools / "universe"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m ops.main "$@"\n', encoding="utf-8")
        program.chmod(0o700)
        self.environment = {
            "PATH": f"{tools}:{os.environ['PATH']}",
            "HOME": str(folder / "home"),
            "PYTHONPATH": str(ROOT),
            "UNIVERSE_DATA_DIR": str(folder / "data"),
            "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache")),  # compiled kernels
        }

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def play(self, block: Block) -> None:
        """Execute a session; AssertionError names the first command whose output is not the page's."""
        for step in steps(block):
            words = set(re.findall(r"(?:^|[|;&]\s*)([\w./-]+)", step.command.splitlines()[0]))
            assert words <= PROGRAMS, (
                f"{block.place}: {words - PROGRAMS} is not executed here; mark it `console no-run`"
            )
            code, printed = self.execute(step.command)
            told = f"{block.place}: $ {step.command}\nprinted\n{printed}but the page shows\n{step.shown}"
            assert agrees(step.shown, printed), told
            assert code == 0 or "universe: " in step.shown, f"exit code {code}; {told}"

    def execute(self, command: str) -> tuple[int, str]:
        """Exit code and output, without the log. Our own program runs warm unless the shell has a part in it."""
        if command.startswith("universe ") and not SHELL_SIGNS.search(command):
            code, out, err = self.warm.run(shlex.split(command)[1:], self)
        else:
            code, out, err = self.script(command)
        log = (line for line in err.splitlines(keepends=True) if not line.startswith('{"'))
        return code, out + "".join(log)

    def script(self, text: str) -> tuple[int, str, str]:
        """Run a script by bash."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text],
            cwd=self.work,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS_MAX,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr


class Warm:
    """The process of ``docs_server``."""

    def __init__(self, folder: Path) -> None:
        self.out, self.err = folder / "out", folder / "err"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.docs_server"],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, words: list[str], session: Session) -> tuple[int, str, str]:
        """Run one command of ours to its end."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        files = {"out": str(self.out), "err": str(self.err), "cwd": str(session.work)}
        print(json.dumps(files | {"words": words, "environ": session.environment}), file=self.process.stdin, flush=True)
        code = int(self.process.stdout.readline())
        return code, self.out.read_text(encoding="utf-8"), self.err.read_text(encoding="utf-8")

    def close(self) -> None:
        with self.process:
            self.process.kill()
