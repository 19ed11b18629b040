"""The runbook: every command of a drill is executed, in the page's order, on one universe; all else in it exists."""

import os
import random
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml

from storage.fairness import HISTORY_DRAWS_MIN
from tests.acceptance.program import ROOT, universe
from tests.docs_commands import fault
from tests.docs_pages import Block, blocks
from tests.feed_server import unused_port

PAGE = ROOT / "ops" / "docs" / "runbook.md"
SECTIONS = (
    "start", "upgrade", "milestone", "restore", "feed-broken", "evidence", "disk-full",
    "parked", "restarts", "not-ready", "down", "lag", "tokens",
)  # fmt: skip  # the anchors that alerts link to
EXIT = re.compile(r"\s+# exit (?P<code>\d)$")
EVENT = re.compile(r"`([a-z]+\.[a-z_]+)`")
METRIC = re.compile(r"universe_[a-z0-9_]+")

Scene = Callable[[dict[str, str]], None]


def damage(environ: dict[str, str]) -> None:
    """Cut a stopped universe in half."""
    database = Path(environ["UNIVERSE_DATA_DIR"], "prod", "universe.db")
    os.truncate(database, database.stat().st_size // 2)


def break_feed(environ: dict[str, str]) -> None:
    """Name a source that does not answer, and put results where an operator has them."""
    source = f"http://127.0.0.1:{unused_port()}/results.csv"
    Path(environ["CONFIG"]).write_text(f'[game.GAME_001]\nsource = "{source}"\n', encoding="utf-8")
    Path(environ["UNIVERSE_DATA_DIR"], "results.csv").write_text("\n".join(results()), encoding="utf-8")


def results() -> Iterator[str]:
    """As many real results as a test of fairness takes, one a Saturday."""
    choice = random.Random(1)
    yield "draw_date,main,bonus"
    for week in range(HISTORY_DRAWS_MIN):
        main = " ".join(map(str, sorted(choice.sample(range(1, 48), 5))))
        yield f"{date(2026, 1, 3) - timedelta(weeks=week)},{main},{choice.randint(1, 27)}"


SCENES: dict[str, Scene] = {"restore": damage, "feed": break_feed}


def drills() -> list[Block]:
    """The blocks that are executed."""
    return [block for block in blocks(PAGE) if block.info.startswith("sh drill")]


def lines_of(block: Block) -> Iterator[tuple[str, int]]:
    """Each command of a block with the exit code it is to have."""
    for line in block.text.splitlines():
        wanted = EXIT.search(line)
        yield EXIT.sub("", line), int(wanted["code"]) if wanted else 0


def execute(line: str, environ: dict[str, str]) -> tuple[int, str]:
    """Run one line as a shell would; our own commands in a fork of a process that has them loaded."""
    if line.startswith("universe "):
        words = [os.path.expandvars(word) for word in shlex.split(line)[1:]]
        ended = universe(*words, **environ)
        return ended.code, ended.out + ended.err
    done = subprocess.run(
        ["bash", "-euc", line], env={**os.environ, **environ}, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_every_drill_does_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One life of a universe, from its start over an upgrade, damage and a dead source to a new token."""
    environ = {
        "UNIVERSE_DATA_DIR": str(tmp_path / "data"),
        "BACKUPS": str(tmp_path / "backups"),
        "CONFIG": str(tmp_path / "universe.toml"),
        "NUMBA_DISABLE_JIT": "1",  # importing numba is half of what a doctor costs here
    }
    Path(environ["BACKUPS"]).mkdir()
    Path(environ["CONFIG"]).write_bytes((ROOT / "ops" / "deploy" / "universe.toml").read_bytes())
    for name, value in environ.items():
        monkeypatch.setenv(name, value)  # for expandvars
    staged = set[str]()
    for block in drills():
        for name in block.marks[1:]:
            if name in SCENES and name not in staged:
                staged.add(name)
                SCENES[name](environ)
        for line, wanted in lines_of(block):
            code, said = execute(line, environ)
            assert code == wanted, f"{block.place}: {line}\n{said}"
            assert "Traceback" not in said, f"{block.place}: {line}\n{said}"
    assert staged == set(SCENES)


def test_the_anchors_of_the_alerts_are_there() -> None:
    headings = re.findall(r"^## (\S+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert tuple(headings) == SECTIONS


def section_text(name: str) -> str:
    return PAGE.read_text(encoding="utf-8").partition(f"\n## {name}\n")[2].partition("\n## ")[0]


def test_every_alert_leads_to_a_section_that_knows_it() -> None:
    document = yaml.safe_load((ROOT / "ops" / "deploy" / "alerts.yml").read_text(encoding="utf-8"))
    alerts = {rule["alert"]: rule["annotations"]["runbook"] for group in document["groups"] for rule in group["rules"]}
    assert len(alerts) > 8
    for name, link in alerts.items():
        page, _, anchor = link.partition("#")
        assert ROOT / page == PAGE
        assert f"`{name}`" in section_text(anchor), f"{anchor} does not name {name}"


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_says_what_why_how_and_when_it_is_right(section: str) -> None:
    text = section_text(section)
    places = [text.find(word) for word in ("**You see**", "**Why**", "**Do**", "**It is right**")]
    assert -1 not in places
    assert places == sorted(places)
    assert "```sh" in text


def test_what_is_for_the_machine_names_options_that_exist() -> None:
    for block in blocks(PAGE):
        for line in block.text.splitlines():
            assert subprocess.run(["bash", "-nc", line], check=False).returncode == 0, f"{block.place}: {line}"
            _, _, rest = line.partition("universe ")
            if line.startswith("universe "):
                assert fault(rest) is None, f"{block.place}: {line}"


def test_every_event_and_metric_that_it_names_exists() -> None:
    text = PAGE.read_text(encoding="utf-8")
    packages = [path for name in ("actors", "tools", "ops", "storage") for path in (ROOT / name).rglob("*.py")]
    source = "\n".join(path.read_text(encoding="utf-8") for path in packages)
    events = {name for name in EVENT.findall(text) if name.rpartition(".")[2] not in {"toml", "db", "csv", "md"}}
    assert len(events) > 8
    assert not [name for name in events if f'"{name}"' not in source]
    metrics = set(METRIC.findall(text))
    assert len(metrics) > 8
    assert not [name for name in metrics if f'"{name.removesuffix("_total")}"' not in source]
