"""What is fuzzed: an entrance for foreign input, how its inputs are made, and what it may answer."""

import time
from collections.abc import Callable
from random import Random
from typing import Any

import attrs

from universe.errors import UniverseError

MESSAGE_CHARS_MAX = 5_000  # what is told of one input: a person reads it, or a model pays for it


@attrs.frozen(kw_only=True)
class Target:
    """One entrance. ``attempt`` says whether the input was accepted; whatever it raises is a defect."""

    name: str
    make: Callable[[Random], Any]
    attempt: Callable[[Any], bool]
    clock: Callable[[], float] = time.process_time  # our own work alone: other processes may keep the machine busy


def dice_of(seed: int, name: str, index: int) -> Random:
    """Return the dice that make one input, whatever was made before it."""
    return Random(f"{seed}|{name}|{index}")


def accepted(
    read: Callable[[], object], refusals: type[Exception] | tuple[type[Exception], ...] = UniverseError
) -> bool:
    """Whether ``read`` returns; what it may raise instead tells its reason in one readable line."""
    try:
        read()
    except refusals as refusal:
        require_line(str(refusal))
        return False
    return True


def require_line(text: str) -> None:
    """Assert that a message is one line that a terminal and a model can take."""
    assert text, "a message without words"
    assert text.isprintable(), f"not one printable line: {text[:200]!r}"
    assert len(text) <= MESSAGE_CHARS_MAX, f"a message of {len(text)} characters: {text[:200]}"
