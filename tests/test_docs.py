"""The documentation is true: its examples are executed, its links lead somewhere, its commands and options exist."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import attrs
import click
import pytest
import yaml
from mcp import Client
from mcp_types import TextContent

from ops.main import cli
from storage.connection import Location
from storage.reader import Reader
from tests.docs_commands import every_command, fault, named_commands
from tests.docs_pages import CODE_SPAN, PAGES, ROOT, Block, anchors, blocks, command_lines, commands_in, links, prose
from tests.docs_sessions import Session, Warm, agrees, steps
from tests.tools.test_store import StoreSource
from tools.server import make_server
from universe import __version__
from universe.catalogue import shipped_games
from universe.definition import game_from_toml
from universe.draws import explained_draw
from universe.settings import Settings, settings_from_toml

FILE = re.compile(r"(?:universe|storage|actors|tools|ops|tests)/[\w./-]+")
LEFT_ALONE = {"text", "ini", "promql", "http", "dockerfile", "nginx", "caddyfile", "markdown", "diff"}
PARSED = {"toml", "json", "yaml", "python", "sh", "console"}


def page_id(page: Path) -> str:
    return page.name


def of_kind(kind: str, *, marked: str | None = None) -> list[Any]:
    """The blocks of a kind, as parameters; with a mark: only those that have it."""
    found = [block for page in PAGES for block in blocks(page) if block.kind == kind]
    return [pytest.param(block, id=block.place) for block in found if marked is None or marked in block.marks]


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    process = Warm(tmp_path_factory.mktemp("warm"))
    yield process
    process.close()


def to_execute(page: Path) -> list[Block]:
    """The sessions, scripts and answers of a page."""
    wanted = []
    for block in blocks(page):
        session = block.kind == "console" and "no-run" not in block.marks
        script = block.kind == "sh" and "run" in block.marks
        shown = block.kind == "text" and bool({"answer", "output"} & set(block.marks))
        wanted += [block] if session or script or shown else []
    return wanted


@pytest.mark.parametrize("page", [page for page in PAGES if to_execute(page)], ids=page_id)
async def test_every_session_is_as_shown(page: Path, tmp_path: Path, warm: Warm) -> None:
    """In order, in one directory: what a page makes, its later examples use."""
    session, printed = Session(tmp_path, warm), ""
    words = set(re.findall(r"\w+", " ".join(block.text for block in to_execute(page))))
    missing = [tool for tool in ("bash", "bc", "awk", "sed", "sha256sum") if tool in words and not shutil.which(tool)]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")
    for block in to_execute(page):
        if block.kind == "console":
            session.play(block)
        elif block.kind == "sh":
            code, printed, errors = session.script(block.text)
            assert code == 0, f"{block.place}: {errors}"
        elif "output" in block.marks:
            assert agrees(block.text, printed), f"{block.place}: printed\n{printed}"
        else:
            told = await answer_in_words(session, block)
            assert agrees(block.text, told), f"{block.place}: the answer is\n{told}"


async def answer_in_words(session: Session, block: Block) -> str:
    """What a tool says over the page's test universe."""
    _, _, name, given = block.info.split(maxsplit=3)
    reader = Reader.open(Location(session.data / "test" / "universe.db"), "test")
    try:
        async with Client(make_server(StoreSource(store=reader), version=__version__)) as client:
            (text,) = (await client.call_tool(name, json.loads(given))).content
    finally:
        reader.close()
    assert isinstance(text, TextContent)
    return f"{text.text}\n"


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_block_is_of_a_kind_that_is_checked(page: Path) -> None:
    kinds = PARSED | LEFT_ALONE
    wrong = [f"{block.place}: {block.info or 'nothing'!r}" for block in blocks(page) if block.kind not in kinds]
    assert not wrong, f"a fence says one of {sorted(kinds)}, not {wrong}"


@pytest.mark.parametrize("block", of_kind("toml"))
def test_toml_is_a_game_or_settings(block: Block, tmp_path: Path) -> None:
    file = tmp_path / "example.toml"
    file.write_text(block.text, encoding="utf-8")
    keys = tomllib.loads(block.text).keys()
    if "id" in keys:
        game_from_toml(file)
    elif keys <= {field.name for field in attrs.fields(Settings)} | {"game"}:
        settings_from_toml(file)


@pytest.mark.parametrize("block", of_kind("json"))
def test_json_is_json(block: Block) -> None:
    json.loads(block.text)


@pytest.mark.parametrize("block", of_kind("yaml"))
def test_yaml_is_yaml(block: Block) -> None:
    assert list(yaml.safe_load_all(block.text))


@pytest.mark.parametrize("block", of_kind("python"))
def test_python_is_python(block: Block) -> None:
    compile(block.text, block.place, "exec")


def test_recipes_are_shell() -> None:
    for parameter in of_kind("sh"):
        (block,) = parameter.values
        done = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{block.place}: {done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_link_leads_somewhere(page: Path) -> None:
    for line, target in links(page):
        if target.startswith(("https://", "http://", "mailto:")):
            continue
        name, _, anchor = target.partition("#")
        other = (page.parent / name).resolve() if name else page
        assert other.exists(), f"{page.name}:{line}: {target} does not exist"
        assert not anchor or anchor in anchors(other), f"{page.name}:{line}: {target} is no heading there"


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_command_that_is_named_exists(page: Path) -> None:
    wrong = [f"{place}: universe {rest}: {why}" for place, rest in command_lines(page) if (why := fault(rest))]
    assert not wrong


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_file_that_is_named_exists(page: Path) -> None:
    """Those of this project: a path that begins with one of its folders."""
    named = {span for _, line in prose(page) for span in CODE_SPAN.findall(line) if FILE.fullmatch(span)}
    assert not [name for name in sorted(named) if not (ROOT / name).exists()]


def test_the_vectors_are_the_rule() -> None:
    """Every row whose first cell is a message, by the library that the oracle of other tests holds to the rule."""
    rows = [
        re.split(r"[|` ]*\|[|` ]*", line.strip("|` "))
        for _, line in prose(ROOT / "ops" / "docs" / "seed-rule.md")
        if line.startswith("| `GAME_")
    ]
    assert len(rows) >= 5
    for game_id, day, number, _, seed, rank, numbers in rows:
        drawn = explained_draw(shipped_games()[game_id], date.fromisoformat(day), int(number))
        assert (drawn.seed, str(drawn.rank)) == (seed, rank)
        assert [*drawn.main_numbers, *drawn.bonus_numbers] == [int(word) for word in numbers.split() if word != "+"]


def test_every_command_is_documented() -> None:
    named = {named_commands(rest) for page in PAGES for _, rest in command_lines(page)}
    assert set(every_command()) <= named


def test_every_page_is_reached_from_the_readme() -> None:
    reached, ahead = set[Path](), [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        reached.add(page)
        local = [(page.parent / target.partition("#")[0]).resolve() for _, target in links(page) if "://" not in target]
        ahead += [other for other in local if other.suffix == ".md" and other in PAGES and other not in reached]
    assert reached == set(PAGES)


def test_the_page_about_tools_is_what_the_server_says() -> None:
    """In a process of its own: which kernels are loaded is part of an answer. `python -m tests.docs` puts it right."""
    words = [sys.executable, "-m", "tests.docs", "--check"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"run `python -m tests.docs`:\n{done.stdout}{done.stderr}"


def test_the_readme_keeps_the_two_commands() -> None:
    """Outside checks copy them as they stand."""
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    environment = "    python3 -m venv .venv && .venv/bin/pip install -q"
    run = f"{environment} . && .venv/bin/universe run --mode test --limit 10000 --dry-run"
    assert lines.count(run) == 1
    assert lines.count(f"{environment} -e '.[dev]' && .venv/bin/python -m tests") == 1


# what the checks themselves notice


@pytest.mark.parametrize(
    ("rest", "why"),
    [
        ("run --limit 5 --dry-run", None),
        ("--mode test simulate --draws 10", None),
        ("games list --json", None),
        ("COMMAND --help", None),
        ("", None),
        ("run --nonsense", "run has no --nonsense"),
        ("nonsense", "no command 'nonsense'"),
        ("games show --draws 3", "show has no --draws"),
    ],
)
def test_a_wrong_command_line_is_noticed(rest: str, why: str | None) -> None:
    assert fault(rest) == why


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("universe run --limit 5", ["run --limit 5"]),
        (".venv/bin/universe status && UNIVERSE_DATA_DIR=x universe nonsense", ["status", "nonsense"]),
        ('eval "$(universe completion bash)"', ["completion bash"]),
        ("universe draw G D 1 | sed 1d | bash", ["draw G D 1"]),
        ("sudo -u universe env A=b /opt/bin/universe status", ["status"]),
        ("podman exec universe universe doctor", ["doctor"]),
        ("journalctl --unit universe --since -1h", []),
        ("python -m pip install universe", []),
    ],
)
def test_a_command_is_told_from_a_name(line: str, found: list[str]) -> None:
    assert list(commands_in(line)) == found


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\n…\nd\n", "a\nb\nc\nd\n", True),
        ("a\n…\nd\n", "a\nd\n", True),
        ("1 of … left\n", "1 of 77 left\n", True),
        ("in 1.1 s (938,967 a second)\n", "in 22.5 s (7 a second)\n", True),
        ("at 2026-11-21T12:00:00Z\n", "at 2027-01-01T00:00:00.5Z\n", True),
        ("a\n", "a\nb\n", False),
        ("", "a\n", False),
        ("5 draws\n", "6 draws\n", False),
        ("1 of … left\n", "1 of 7\nleft\n", False),
    ],
)
def test_output_is_compared_line_by_line(shown: str, printed: str, same: bool) -> None:
    assert agrees(shown, printed) == same


def test_a_session_is_cut_at_its_prompts(tmp_path: Path) -> None:
    text = "$ cat <<END\n> a\n> END\na\n$ echo b \\\n    c\nb c\n$ true\n"
    cut = steps(Block(tmp_path, 1, "console", text))
    assert [(step.command, step.shown) for step in cut] == [
        ("cat <<END\na\nEND", "a\n"),
        ("echo b \\\n    c", "b c\n"),
        ("true", ""),
    ]


def test_what_is_not_ours_is_not_executed(tmp_path: Path, warm: Warm) -> None:
    session, block = Session(tmp_path, warm), Block(PAGES[0], 1, "console", "$ echo a && rm -r x\n")
    with pytest.raises(AssertionError, match=r"\{'rm'\} is not executed here"):
        session.play(block)


def test_every_command_has_a_name_in_the_list() -> None:
    assert {"run", "games list", "clients"} <= set(every_command())
    assert all(
        isinstance(cli.get_command(click.Context(cli), name.split()[0]), click.Command) for name in every_command()
    )
