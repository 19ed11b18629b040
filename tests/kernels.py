"""Compiled kernels for tests that want them: afterwards the process is as if they had never been asked for."""

from collections.abc import Iterator
from contextlib import contextmanager

from universe import compiled

_ready = compiled._Loader()


@contextmanager
def kernels_serve(*modules: compiled.ModuleName) -> Iterator[None]:
    """Within, kernels serve the whole process, those of these modules too; they are loaded the first time."""
    before, compiled._loader = compiled._loader, _ready
    try:
        assert compiled.load_kernels() == compiled.KernelState("ready")
        for name in modules:
            assert compiled.load_kernel_module(name) is not None
        yield
    finally:
        compiled._loader = before


@contextmanager
def fresh_loader() -> Iterator[None]:
    """Within, the process has not yet been asked for kernels."""
    before, compiled._loader = compiled._loader, compiled._Loader()
    try:
        yield
    finally:
        compiled._loader = before
