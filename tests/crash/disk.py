"""What a disk may hold when all ends at some point of a tape: everything a crash may leave, and nothing else.

A killed process leaves what the machine's cache held. A power cut leaves what was synced, and of the rest any sectors
in any order, one of them perhaps destroyed. A file is there from its first write on; a deleted one may come back until
the folder or a successor of that name is synced.
"""

import hashlib
from collections.abc import Callable, Iterable
from functools import partial
from itertools import pairwise
from pathlib import Path
from random import Random

import attrs

from tests.crash.tape import FOLDER, Op
from tests.crash.vfs import TEMPORARY

SECTOR_BYTES = 512
Image = dict[str, bytearray]
Left = Callable[[], Image]  # of a moment: call it before the disk goes on


def read_image(folder: Path) -> Image:
    """Return a folder's files as they are; shared memory is no file to a machine that starts."""
    files = [path for path in folder.iterdir() if path.is_file() and not path.name.endswith("-shm")]
    return {path.name: bytearray(path.read_bytes()) for path in files}


def write_image(image: Image, folder: Path) -> None:
    """Make a folder hold these files and no others."""
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        if old.is_file():
            old.unlink()
    for name, data in image.items():
        (folder / name).write_bytes(data)


def digest_of(image: Image) -> bytes:
    """Return what two equal images have in common."""
    digest = hashlib.sha1(usedforsecurity=False)
    for name in sorted(image):
        digest.update(b"%s %d\n" % (name.encode(), len(image[name])))
        digest.update(image[name])
    return digest.digest()


def apply(image: Image, op: Op) -> None:
    """Do to an image what an operation does to a disk."""
    if op.kind == "delete":
        image.pop(op.file, None)
    elif op.kind == "truncate":
        data = image.setdefault(op.file, bytearray())
        data.extend(bytes(max(0, op.offset - len(data))))
        del data[op.offset :]
    elif op.data:
        data = image.setdefault(op.file, bytearray())
        data.extend(bytes(max(0, op.offset - len(data))))
        data[op.offset : op.offset + len(op.data)] = op.data


def sectors(op: Op) -> list[Op]:
    """Return a write as the disk sees it, an operation a sector; anything else as it is."""
    if op.kind != "write" or not op.data:
        return [op]
    end = op.offset + len(op.data)
    cuts = [op.offset, *range((op.offset // SECTOR_BYTES + 1) * SECTOR_BYTES, end, SECTOR_BYTES), end]
    return [
        attrs.evolve(op, offset=start, data=op.data[start - op.offset : stop - op.offset])
        for start, stop in pairwise(cuts)
    ]


def _copied(image: Image, ops: Iterable[Op]) -> Image:
    copy = {name: bytearray(data) for name, data in image.items()}
    for op in ops:
        apply(copy, op)
    return copy


class Disk:
    """Walks along a tape. ``cached`` is what the machine reads, ``pending`` what is only there and not yet safe.

    A disk that ``forgets`` writes nothing of what a failed sync was to write, and never says so again.
    """

    def __init__(self, start: Image, acknowledged: int = 0, *, forgets: bool = True) -> None:
        self.forgets = forgets
        self.cached, self.durable = _copied(start, ()), _copied(start, ())
        self.pending: list[Op] = []
        self.acknowledged = acknowledged

    def step(self, op: Op) -> None:
        """Go past one operation."""
        if op.kind == "mark":
            self.acknowledged = op.offset
        elif op.kind == "sync" and op.file == FOLDER:
            self._sync_folder()
        elif op.kind == "sync":
            self._sync_file(op)
        elif op.kind != "read" and not op.failed and op.file != TEMPORARY:
            self.pending.append(op)
            apply(self.cached, op)

    def _sync_file(self, op: Op) -> None:
        if op.failed and not self.forgets:
            return
        for old in self.pending:
            if old.file == op.file and not op.failed:
                apply(self.durable, old)
        self.pending = [old for old in self.pending if old.file != op.file]

    def _sync_folder(self) -> None:
        """What was deleted cannot come back."""
        for at, op in enumerate(self.pending):
            if op.kind == "delete":
                self.durable.pop(op.file, None)
                self.pending[: at + 1] = [old for old in self.pending[: at + 1] if old.file != op.file]
                return self._sync_folder()
        return None

    def killed(self, coming: Op | None) -> list[Left]:
        """Return what a killed process leaves: before the coming operation, and within it if it is a write."""
        parts: list[Op] = []
        if coming is not None and coming.kind == "write" and not coming.failed and coming.file != TEMPORARY:
            parts = sectors(coming)[:-1]
        return [partial(_copied, self.cached, parts[:torn]) for torn in range(len(parts) + 1)]

    def kill(self, coming: Op | None, random: Random) -> None:
        """Let the process be killed before or within the coming operation; the machine goes on with its cache."""
        if coming is not None and coming.kind == "write" and not coming.failed:
            parts = sectors(coming)
            for part in parts[: random.randrange(len(parts))]:
                self.step(part)

    def cut_in_order(self) -> list[Left]:
        """Return what a power cut leaves of a disk that writes in order."""
        parts = self._pending_sectors()
        return [partial(_copied, self.durable, parts[:kept]) for kept in range(len(parts) + 1)]

    def cut(self, random: Random) -> Image:
        """Return what a power cut may leave of a disk that writes in any order: any of the sectors under way.

        A file that is not yet gone cannot hold what was written to its successor.
        """
        chance, arrived, kept_alive = random.random(), [], set[str]()
        for part in self._pending_sectors():
            if part.file not in kept_alive and random.random() < chance:
                arrived.append(part)
            elif part.kind == "delete":
                kept_alive.add(part.file)
        return _copied(self.durable, arrived)

    def cut_with_destroyed_sector(self, random: Random) -> Image:
        """Return such a state with one sector, under way when the power went, full of nonsense; often an outer one."""
        image = self.cut(random)
        written = [part for part in self._pending_sectors() if part.kind == "write" and part.file in image]
        if written:
            hit = random.choice((written[0], written[-1], random.choice(written)))
            start = hit.offset // SECTOR_BYTES * SECTOR_BYTES
            apply(image, attrs.evolve(hit, offset=start, data=random.randbytes(SECTOR_BYTES)))
        return image

    def _pending_sectors(self) -> list[Op]:
        return [part for op in self.pending for part in sectors(op)]
