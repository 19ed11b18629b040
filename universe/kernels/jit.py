"""How every kernel is compiled: machine code for this processor, kept on disk, without the interpreter lock."""

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(function: Function) -> Function:
    """Compile a function when it is first called; a later process finds the machine code where this one left it."""
    compiled: Function = njit(nogil=True, cache=True, error_model="numpy")(function)
    return compiled


def inlined(function: Function) -> Function:
    """Make a function part of every kernel that calls it: it is not compiled by itself, which would take as long."""
    within: Function = njit(inline="always", error_model="numpy")(function)
    return within
