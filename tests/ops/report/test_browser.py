"""The page in a real browser: as wide as a phone without sideways scrolling, and without a single request."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip  # what keeps it alone
WIDTHS = (360, 320, 1100)
MEASURE = """
window.onload = () => {
  const found = [...document.querySelectorAll("iframe")].map(frame => {
    const page = frame.contentDocument, seen = page.documentElement;
    const out = [...page.querySelectorAll("body *")].filter(element => {
      const box = element.getBoundingClientRect();
      return box.width && !element.closest("thead") && (box.right > seen.clientWidth + 8 || box.left < -8);
    });
    const shown = [...page.querySelectorAll("figure > div")].filter(part => part.getBoundingClientRect().height);
    return {
      width: seen.clientWidth, scroll: seen.scrollWidth, height: seen.scrollHeight,
      outside: out.map(element => element.tagName), shapes: [...new Set(shown.map(part => part.className))],
      smallest: Math.min(...shown.flatMap(part => [...part.querySelectorAll("text")]
        .map(text => text.getBoundingClientRect().height).filter(height => height))),
      requests: frame.contentWindow.performance.getEntriesByType("resource").map(entry => entry.name),
      scripts: page.scripts.length,
    };
  });
  document.title = JSON.stringify(found);
};
"""


@pytest.fixture(scope="module")
def measured(whole_page: str, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What a browser says of the page at each width; one start of it for all."""
    if CHROMIUM is None:
        pytest.skip("needs chromium")
    folder = tmp_path_factory.mktemp("browser")
    frames = "".join(
        f'<iframe width="{width}" height="900" srcdoc="{html.escape(whole_page)}"></iframe>' for width in WIDTHS
    )
    wrapper = folder / "frames.html"
    wrapper.write_text(f"<!DOCTYPE html><meta charset=utf-8><body>{frames}<script>{MEASURE}</script>", encoding="utf-8")
    command = [CHROMIUM, *QUIET, f"--user-data-dir={folder / 'profile'}", "--dump-dom", wrapper.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    titles = re.findall(r"<title>(\[.*?\])</title>", done.stdout, re.DOTALL)
    assert titles, done.stderr[-2000:]
    found: list[dict[str, Any]] = json.loads(html.unescape(titles[0]))
    return found


def test_nothing_scrolls_sideways(measured: list[dict[str, Any]]) -> None:
    for width, page in zip(WIDTHS, measured, strict=True):
        assert width - 20 <= page["width"] <= width
        assert page["scroll"] <= page["width"], (width, page)
        assert page["outside"] == [], width
        assert page["height"] > 5_000


def test_each_width_has_its_pictures_with_letters_to_read(measured: list[dict[str, Any]]) -> None:
    assert [page["shapes"] for page in measured] == [["narrow"], ["narrow"], ["wide"]]
    assert all(page["smallest"] >= 8 for page in measured), [page["smallest"] for page in measured]


def test_the_browser_asks_nobody_for_anything(measured: list[dict[str, Any]]) -> None:
    assert [page["requests"] for page in measured] == [[]] * len(WIDTHS)
    assert [page["scripts"] for page in measured] == [0] * len(WIDTHS)


def test_the_page_prints(whole_page: str, tmp_path: Path) -> None:
    """On paper there are page numbers and no list of links; and every table is open."""
    if CHROMIUM is None:
        pytest.skip("needs chromium")
    if shutil.which("pdftotext") is None:
        pytest.skip("needs pdftotext")
    page, paper = tmp_path / "page.html", tmp_path / "page.pdf"
    page.write_text(whole_page, encoding="utf-8")
    command = [CHROMIUM, *QUIET, f"--user-data-dir={tmp_path / 'profile'}", "--no-pdf-header-footer"]
    subprocess.run([*command, f"--print-to-pdf={paper}", page.as_uri()], capture_output=True, timeout=120, check=True)
    text = subprocess.run(["pdftotext", "-layout", paper, "-"], capture_output=True, text=True, check=True).stdout
    sheets = text.split("\f")[:-1]
    assert 8 <= len(sheets) <= 20
    assert [sheet.split()[-1] for sheet in sheets] == [str(number) for number in range(1, len(sheets) + 1)]
    assert re.search(r"\b47\s+\d+\s+[+\N{MINUS SIGN}]\d\.\d\d\s", text)  # the last row of the folded table
