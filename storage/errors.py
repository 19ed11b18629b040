"""What can go wrong below SQL, in words a person can act on."""

from universe.errors import UniverseError


class StoreError(UniverseError):
    """The universe's files cannot be used as asked."""


class NoUniverseError(StoreError):
    """There is nothing to open yet."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name}: no universe here; `universe run` or `universe ingest` creates it")


class StoreUnavailable(StoreError):  # noqa: N818  it is a state, and passes
    """The store cannot take a commit now, or be read; trying again later makes sense."""


class StoreFull(StoreUnavailable):
    """No room left on the device. Nothing of the commit was kept; reads go on."""


class StoreDamaged(StoreError):  # noqa: N818  a state too
    """What is stored cannot have been written so: ``universe verify`` names it, ``universe restore`` replaces it."""


class WrongModeError(StoreError):
    """A test universe was opened as production, or the other way round."""


class LockedError(StoreError):
    """Another process simulates this universe."""
