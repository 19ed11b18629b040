"""A VFS that does what SQLite's own does, and tells a tape first.

Locks and the shared memory of the log do not pass a VFS written in Python; SQLite's own serves them unseen.
"""

from itertools import count
from pathlib import Path

import apsw
from typing_extensions import Buffer

from storage.connection import Location
from tests.crash.tape import FOLDER, Op, Tape

TEMPORARY = "temporary"
_SYNCS_FOLDER = apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_SUPER_JOURNAL
_numbers = count(1)


class TapedVFS(apsw.VFS):
    """Stays registered for as long as it is referred to."""

    def __init__(self, tape: Tape) -> None:
        self.name = f"taped-{next(_numbers)}"
        self.tape = tape
        super().__init__(self.name, "")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> "TapedFile":  # noqa: N802  SQLite's name
        return TapedFile(name, flags, self.tape)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802  as above
        self.tape.play(Op("delete", Path(filename).name))
        super().xDelete(filename, syncdir)


class TapedFile(apsw.VFSFile):
    """A database, its log or its journal."""

    def __init__(self, name: str | apsw.URIFilename | None, flags: list[int], tape: Tape) -> None:
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self.tape, self.file = tape, Path(path).name if path else TEMPORARY
        self.syncs_folder = bool(flags[0] & _SYNCS_FOLDER and flags[0] & apsw.SQLITE_OPEN_CREATE)
        super().__init__("", name, flags)

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802  as above
        if self.tape.with_reads:
            self.tape.play(Op("read", self.file, offset))
        return super().xRead(amount, offset)

    def xWrite(self, data: Buffer, offset: int) -> None:  # noqa: N802  as above
        whole = bytes(data)
        allowed = self.tape.play(Op("write", self.file, offset, whole))
        super().xWrite(whole[:allowed], offset)
        if allowed is not None:
            raise apsw.FullError(f"injected: {allowed} of {len(whole)} bytes written")

    def xTruncate(self, newsize: int) -> None:  # noqa: N802  as above
        self.tape.play(Op("truncate", self.file, newsize))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802  as above
        self.tape.play(Op("sync", self.file))
        super().xSync(flags)
        if self.syncs_folder:  # as SQLite's own does at the first sync of a log or a journal
            self.syncs_folder = False
            self.tape.ops.append(Op("sync", FOLDER))


class TapedLocation(Location):
    """A universe whose every connection goes through a taped VFS."""

    def __init__(self, path: Path, tape: Tape) -> None:
        super().__init__(path)
        self._vfs = TapedVFS(tape)

    def uri(self) -> str:
        """Return the product's own URI, by way of the tape."""
        return f"{super().uri()}&vfs={self._vfs.name}"
