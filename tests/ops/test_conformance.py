"""The protocol's official conformance suite against the program, if its tools are installed; otherwise skipped.

They are searched in the node_modules folder that UNIVERSE_MCP_TOOLS names, else on the path; `.ci/run` installs them.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.acceptance.program import COMMAND, ROOT, environment, events_of, running, saw, wait_until

NODE_MAJOR_MIN = 22
STARTING_SECONDS_MAX = 30
SECONDS_MAX = 120
CHECKS = 44
NEED_FIXTURES = {
    "tools-call-image",
    "tools-call-audio",
    "tools-call-embedded-resource",
    "tools-call-mixed-content",
    "tools-call-with-logging",
    "tools-call-with-progress",
    "tools-call-sampling",
    "tools-call-elicitation",
    "json-schema-2020-12",
    "server-sse-polling",
    "elicitation-sep1034-defaults",
    "elicitation-sep1330-enums",
    "resources-read-text",
    "resources-read-binary",
    "resources-templates-read",
    "prompts-get-simple",
    "prompts-get-with-args",
    "prompts-get-embedded-resource",
    "prompts-get-with-image",
}


def search_path() -> str:
    """The path with the folder of the tools in front, and node itself, which its package keeps apart."""
    named = os.environ.get("UNIVERSE_MCP_TOOLS")
    folders = []
    if named:
        modules = Path(named).resolve()
        folders = [str(modules / ".bin"), *map(str, modules.glob("node-*/bin"))]
    return os.pathsep.join([*reversed(folders), os.environ["PATH"]])


def tool(name: str) -> str:
    """The command of that name; the test is skipped without it, or without a node that can run it."""
    found, node = shutil.which(name, path=search_path()), shutil.which("node", path=search_path())
    if found is None or node is None:
        pytest.skip(f"needs {name} and node; UNIVERSE_MCP_TOOLS may name a node_modules folder")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.removeprefix("v").split(".")[0]) < NODE_MAJOR_MIN:
        pytest.skip(f"needs node {NODE_MAJOR_MIN}, found {version.strip()}")
    return found


def run_tool(*words: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        words,
        cwd=cwd,
        env=environment(PATH=search_path(), NO_COLOR="1"),
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )


@contextmanager
def served(folder: Path, *options: str) -> Iterator[str]:
    """The program over HTTP on a port of its own; yields the address of its endpoint."""
    log = folder / "server"
    words = ("run", "--mode", "test", "--limit", "100000", "--rate", "200", "--data-dir", str(folder / "data"))
    with running(*words, "--transport", "http", "--port", "0", *options, log=log):
        wait_until(STARTING_SECONDS_MAX, lambda: saw(log, "http.listening"))
        (event,) = [event for event in events_of(log) if event["event"] == "http.listening"]
        yield f"{event['url']}"


def scenarios(out: str) -> dict[str, tuple[int, int]]:
    """Passed and failed checks of each scenario."""
    found = re.findall(r"^[^\w\s] ([\w-]+): (\d+) passed, (\d+) failed$", out, re.MULTILINE)
    return {name: (int(passed), int(failed)) for name, passed, failed in found}


def test_the_suite_passes_with_its_fixtures(tmp_path: Path) -> None:
    suite = tool("conformance")
    with served(tmp_path, "--fixtures") as url:
        done = run_tool(suite, "server", "--url", url, "--suite", "all", cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-2_000:]
    assert sum(passed for passed, _ in scenarios(done.stdout).values()) == CHECKS


def test_without_fixtures_only_what_asks_for_them_fails(tmp_path: Path) -> None:
    suite = tool("conformance")
    with served(tmp_path) as url:
        done = run_tool(suite, "server", "--url", url, "--suite", "all", cwd=tmp_path)
    results = scenarios(done.stdout)
    assert {name for name, (_, failed) in results.items() if failed} <= NEED_FIXTURES
    assert set(results) > NEED_FIXTURES


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_the_inspector_finds_nothing_to_complain_of(tmp_path: Path, era: str) -> None:
    inspector = tool("mcp-inspector")
    with served(tmp_path) as url:
        for method in ("tools/list", "resources/list", "resources/templates/list", "prompts/list"):
            strict = ["--strict"] if method == "tools/list" else []  # it knows that check of tools alone
            words = ("--cli", url, "--transport", "http", "--protocol-era", era, "--method", method, *strict)
            done = run_tool(inspector, *words, cwd=tmp_path)
            assert done.returncode == 0, (method, done.stdout, done.stderr)


def test_the_inspector_is_served_over_stdio_too(tmp_path: Path) -> None:
    inspector = tool("mcp-inspector")
    wrapper = tmp_path / "universe"
    words = " ".join([*COMMAND, "run", "--mode", "test", "--transport", "stdio", "--data-dir", str(tmp_path / "data")])
    wrapper.write_text(f"#!/bin/sh\ncd {ROOT} && exec {words}\n", encoding="utf-8")
    wrapper.chmod(0o700)
    done = run_tool(inspector, "--cli", str(wrapper), "--method", "tools/list", "--strict", cwd=tmp_path)
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert "get_universe_status" in done.stdout
    assert sys.executable in wrapper.read_text(encoding="utf-8")
