"""The documentation as data: fenced blocks with their marks, links, and every `universe` command line that is named.

A fence's first word says what becomes of the block:

- ``console``: a session; lines with ``$`` are executed in order, in one temporary directory a page, and what they
  print is compared. ``…`` stands for anything, alone on a line for any lines. ``console no-run`` is only checked.
- ``sh``: a recipe; its syntax and its `universe` options are checked. ``sh run`` is executed as a script, in the page's
  directory, and a following ``text output`` block is what it prints.
- ``text answer TOOL {…}``: the answer in words of that tool, over the page's test universe.
- ``toml``, ``json``, ``yaml``, ``python``: parsed, and a TOML game or settings file by our own readers.
- ``text``, ``ini``, ``promql``, ``http``: pictures and other people's languages, left alone.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import attrs

from ops.main import _COMMANDS

ROOT = Path(__file__).resolve().parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "ops" / "docs").glob("*.md")))
FENCE = re.compile(r"^(?P<indent> *)```(?P<info>[^`]*)$")
LINK = re.compile(r"(?<!\\)\[[^\]]*\]\((?P<target>[^)\s]+)\)")
CODE_SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
ASSIGNMENT = re.compile(r"[A-Z_]+=")
OURS = [[name] for name in _COMMANDS]


@attrs.frozen
class Block:
    """One fenced block."""

    page: Path
    line: int
    info: str
    text: str

    @property
    def kind(self) -> str:
        return self.info.partition(" ")[0]

    @property
    def marks(self) -> list[str]:
        return self.info.split()[1:]

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """Every fenced block of a page."""
    found, opened = list[Block](), None
    lines = list[str]()
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        fence = FENCE.match(line)
        if fence and opened is None:
            opened, lines = (number, fence), []
        elif fence and opened is not None:
            start, head = opened
            indent = len(head["indent"])
            text = "".join(f"{inner[indent:]}\n" for inner in lines)
            found.append(Block(page, start, head["info"].strip(), text))
            opened = None
        else:
            lines.append(line)
    assert opened is None, f"{page.name}:{opened and opened[0]}: a fence that does not close"
    return found


def prose(page: Path) -> list[tuple[int, str]]:
    """The lines outside fences, with their numbers."""
    outside, kept = True, list[tuple[int, str]]()
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if FENCE.match(line):
            outside = not outside
        elif outside:
            kept.append((number, line))
    return kept


def links(page: Path) -> Iterator[tuple[int, str]]:
    """Every target of a link, with its line."""
    for number, line in prose(page):
        for found in LINK.finditer(CODE_SPAN.sub("", line)):
            yield number, found["target"]


def anchors(page: Path) -> set[str]:
    """The anchors that headings of a page make."""
    heads = (line.lstrip("#").strip() for _, line in prose(page) if line.startswith("#"))
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def command_lines(page: Path) -> Iterator[tuple[str, str]]:
    """Every `universe …` that the page names in code, with its place; the part behind the word `universe`."""
    for number, line in prose(page):
        spans = [line.strip()] if line.startswith("    ") else CODE_SPAN.findall(line)
        for span in spans:
            yield from ((f"{page.name}:{number}", rest) for rest in commands_in(span))
    for block in blocks(page):
        for offset, line in enumerate(block.text.replace("\\\n", " ").splitlines(), 1):
            prompt = line.startswith(("$ ", "> "))
            if (block.kind == "console" and prompt) or block.kind == "sh":
                words = line.partition(" #")[0].removeprefix("$ ").removeprefix("> ")
                yield from ((f"{page.name}:{block.line + offset}", rest) for rest in commands_in(words))


def commands_in(line: str) -> Iterator[str]:
    """Cut a line of shell where one command ends; yield what stands behind each `universe` that is a command.

    In front it always is one; elsewhere (a user, a unit or a container may have the name) if one of ours follows it.
    """
    for part in re.split(r"\\\||&&|\|\||[|;&]|\$\(|\)", line):
        words = [word for word in part.strip(" \"'").split() if not ASSIGNMENT.match(word)]
        places = [place for place, word in enumerate(words) if word.rpartition("/")[2] == "universe"]
        if places and (places[0] == 0 or words[places[-1] + 1 : places[-1] + 2] in OURS):
            yield " ".join(words[(0 if places[0] == 0 else places[-1]) + 1 :])
