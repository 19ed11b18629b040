"""The page as a whole file: it has its name once all of it is on disk, or not at all."""

import os
from pathlib import Path
from tempfile import mkstemp

from ops.report.page import MARKER
from storage.whole_file import as_ours, put_in_place
from universe.errors import SettingsError

HEAD_BYTES = 400  # the marker is among the first lines of a report


def require_room_for_report(file: Path) -> None:
    """Raise SettingsError unless a report may take this name: nothing has it, or an older report."""
    with as_ours(file):
        if not file.parent.is_dir():
            raise SettingsError(f"{file}: there is no directory {file.parent}")
        if not file.exists():
            return
        if not file.is_file():
            raise SettingsError(f"{file}: not a file; a report is one")
        with file.open("rb") as found:
            head = found.read(HEAD_BYTES)
    if head and MARKER.encode() not in head:
        raise SettingsError(f"{file}: exists and is no report; only an older report is replaced")


def write_report(file: Path, text: str) -> int:
    """Write a page, replacing an older one at once; returns its bytes. StoreError if the system does not let us."""
    require_room_for_report(file)
    content = text.encode()
    with as_ours(file):
        descriptor, name = mkstemp(prefix=f".{file.name}.", suffix=".part", dir=file.parent)
    part = Path(name)
    try:
        with as_ours(file), os.fdopen(descriptor, "wb") as opened:
            opened.write(content)
        put_in_place(part, file)
    finally:
        part.unlink(missing_ok=True)
    return len(content)
