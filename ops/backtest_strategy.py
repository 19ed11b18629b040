"""A strategy as named on the command line: one that comes with the program, or a function in a Python file."""

import importlib.util
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from ops.signals import SIGNALS, Handler
from universe.backtest.errors import StrategyError
from universe.backtest.strategies import STRATEGIES, Chooser, Strategy, UserStrategy
from universe.backtest.user import SHOWN_CHARACTERS, cut, told_failure


def named_strategy(name: str, top: int | None, window: int | None) -> Strategy | UserStrategy:
    """Return the strategy of this name, or that of FILE.py:FUNCTION; StrategyError if there is none."""
    for known in STRATEGIES:
        if name == known:
            return Strategy(name=known, top=top, window=window)
    file, colon, function = name.rpartition(":")
    if not colon or not file.endswith(".py"):
        raise StrategyError(f"strategy {_quoted(name)} is none of {', '.join(STRATEGIES)}, nor FILE.py:FUNCTION")
    if top is not None or window is not None:
        raise StrategyError(f"{name}: --top and --window are for {', '.join(STRATEGIES)}; a function has its own")
    return UserStrategy(name=name, choose=_loaded(Path(file), function))


def _loaded(path: Path, function: str) -> Chooser:
    """Run a Python file as the module it is and return its function."""
    spec = importlib.util.spec_from_file_location(f"strategy_{path.stem}", path)
    if not _is_file(path) or spec is None or spec.loader is None:
        raise StrategyError(f"{path}: there is no such file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where its dataclasses look for themselves
    try:
        spec.loader.exec_module(module)
        found = getattr(module, function, None)
    except BaseException as failure:  # whatever somebody else's file does
        raise StrategyError(f"{path}: {told_failure(failure)}") from failure
    if not callable(found):
        raise StrategyError(f"{path}: has no function {_quoted(function)}")
    chooser: Chooser = found
    return chooser


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:  # a name that no file can have
        raise StrategyError(f"strategy {_quoted(str(path))}: {error.strerror}") from error


def _quoted(name: str) -> str:
    return repr(cut(name, SHOWN_CHARACTERS))


@contextmanager
def signals_heard() -> Iterator[None]:
    """Within, what a person's signal raised in somebody else's function comes out as itself, and no StrategyError.

    A KeyboardInterrupt that the function raised by itself is a failure like any other. Only of the main thread.
    """
    heard, before = list[int](), {number: signal.getsignal(number) for number in SIGNALS}
    for number, handler in before.items():
        if callable(handler):
            signal.signal(number, _noting(heard, handler))
    try:
        yield
    except StrategyError as error:
        if heard and isinstance(error.__cause__, KeyboardInterrupt):
            raise error.__cause__ from None
        raise
    finally:
        for number, handler in before.items():
            if callable(handler):
                signal.signal(number, handler)


def _noting(heard: list[int], handler: Handler) -> Handler:
    """Return a handler that does as this one, and notes the signal."""

    def note(number: int, frame: FrameType | None) -> None:
        heard.append(number)
        if callable(handler):
            handler(number, frame)

    return note
