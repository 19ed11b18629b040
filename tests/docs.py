"""``python -m tests.docs``: write the page that the program itself says best; ``--check`` says whether it is stale."""

import difflib
import sys

import trio

from tests.docs_tools import PAGE, whole_page


def main(arguments: list[str]) -> int:
    """Write the page, or print how it differs from what it has to be."""
    wanted = trio.run(whole_page)
    if "--check" not in arguments:
        PAGE.write_text(wanted, encoding="utf-8")
        return 0
    found = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    before, after = (text.splitlines(keepends=True) for text in (found, wanted))
    difference = list(difflib.unified_diff(before, after, "the page", "the program"))
    sys.stdout.writelines(difference)
    return 1 if difference else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
