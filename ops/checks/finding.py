"""What a check found, and where everything is that checks look at."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import attrs

from ops.place import Place
from universe.settings import Settings

Status = Literal["ok", "warn", "fail"]


def one_line(text: str) -> str:
    """Return a text on one line that any terminal takes, whatever file names and errors bring in."""
    return "".join(character if character.isprintable() else "?" for character in " ".join(text.split()))


@attrs.frozen
class Finding:
    """One answer; made by the three functions below, which ask for advice where there is something to do."""

    check: str
    status: Status
    detail: str = attrs.field(converter=one_line)
    advice: str = attrs.field(default="", converter=one_line)


def ok(check: str, detail: str) -> Finding:
    """Return that all is well."""
    return Finding(check, "ok", detail)


def warn(check: str, detail: str, advice: str) -> Finding:
    """Return what works, and may not for long or not as wished."""
    return Finding(check, "warn", detail, advice)


def fail(check: str, detail: str, advice: str) -> Finding:
    """Return what does not work."""
    return Finding(check, "fail", detail, advice)


def broken(check: str, fault: Exception) -> Finding:
    """Return that a check itself did not get through."""
    words = f"{type(fault).__name__}: {fault}"
    if isinstance(fault, ImportError):
        return fail(check, words, "repair the installation as `packages` says")
    if isinstance(fault, OSError):
        return fail(check, words, f"let this user use {fault.filename or 'what is named'}, or mend its device")
    return fail(check, words, "report it, with the output of `universe doctor --json`")


@attrs.frozen(kw_only=True)
class Patient:
    """What is examined: a universe's place, the settings it is run with, and how it is to be served."""

    place: Place
    settings: Settings = attrs.field(factory=Settings)
    port: int
    port_asked: bool = False
    token_file: Path | None = None

    @property
    def flags(self) -> str:
        """Return the options that name this universe, for advice that can be copied."""
        mode = " --mode test" if self.place.mode == "test" else ""
        return f"--data-dir {self.place.data_dir}{mode}"


Check = Callable[[Patient], Finding]
