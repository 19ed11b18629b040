"""A tape of what a store asked of its disk, and where each operation can be made to fail before it happens."""

from collections.abc import Callable
from typing import Literal

import apsw
import attrs

Kind = Literal["read", "write", "sync", "truncate", "delete", "mark"]

FOLDER = "."  # of a sync: what is gone is gone

READ_ERRORS: dict[Kind, int] = {"read": apsw.SQLITE_IOERR_READ}
WRITE_ERRORS: dict[Kind, int] = {
    "write": apsw.SQLITE_IOERR_WRITE,
    "sync": apsw.SQLITE_IOERR_FSYNC,
    "truncate": apsw.SQLITE_IOERR_TRUNCATE,
    "delete": apsw.SQLITE_IOERR_DELETE,
}


@attrs.frozen
class Op:
    """One operation on one file. Of a truncate, ``offset`` is the new size; of a mark, the steps acknowledged."""

    kind: Kind
    file: str = ""
    offset: int = 0
    data: bytes = b""
    failed: bool = False


Before = Callable[[Op], int | None]
"""Called ahead of each operation: raises what is to go wrong, or returns how much of a write arrives, None for all."""


def pass_all(_: Op) -> None:
    """Nothing goes wrong."""


@attrs.define
class Tape:
    """Operations in their order. Reads are neither recorded nor failed unless asked for."""

    ops: list[Op] = attrs.field(factory=list)
    before: Before = pass_all
    with_reads: bool = False

    def play(self, op: Op) -> int | None:
        """Record an operation, or its failure; returns how much of a write may pass, None for all of it."""
        try:
            allowed = self.before(op)
        except apsw.Error:
            self.ops.append(attrs.evolve(op, failed=True))
            raise
        self.ops.append(op if allowed is None else attrs.evolve(op, data=op.data[:allowed]))
        return allowed

    def mark(self, acknowledged: int) -> None:
        """Note that the caller was told: so many steps are done."""
        self.ops.append(Op("mark", offset=acknowledged))


def injected(op: Op, error: type[apsw.Error]) -> apsw.Error:
    """Return the error that SQLite's own VFS would raise if this operation failed."""
    fault = error(f"injected: {op.kind} of {op.file}")
    codes = READ_ERRORS | WRITE_ERRORS
    code = apsw.SQLITE_FULL if error is apsw.FullError else codes[op.kind]
    fault.extendedresult = code  # type: ignore[attr-defined]  # SQLite takes it from here
    return fault
