"""A strategy as named on the command line: one that comes with the program, or a function in a Python file."""

import importlib.util
import sys
from pathlib import Path

from universe.backtest.strategies import STRATEGIES, Chooser, Strategy, StrategyError, UserStrategy


def named_strategy(name: str, top: int | None, window: int | None) -> Strategy | UserStrategy:
    """Return the strategy of this name, or that of FILE.py:FUNCTION; StrategyError if there is none."""
    for known in STRATEGIES:
        if name == known:
            return Strategy(name=known, top=top, window=window)
    file, colon, function = name.rpartition(":")
    if not colon or not file.endswith(".py"):
        raise StrategyError(f"strategy {name!r} is none of {', '.join(STRATEGIES)}, nor FILE.py:FUNCTION")
    if top is not None or window is not None:
        raise StrategyError(f"{name}: --top and --window are for {', '.join(STRATEGIES)}; a function has its own")
    return UserStrategy(name=name, choose=_loaded(Path(file), function))


def _loaded(path: Path, function: str) -> Chooser:
    """Run a Python file as the module it is and return its function."""
    spec = importlib.util.spec_from_file_location(f"strategy_{path.stem}", path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise StrategyError(f"{path}: there is no such file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where its dataclasses look for themselves
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as failure:  # whatever somebody else's file does
        raise StrategyError(f"{path}: {type(failure).__name__}: {failure}") from failure
    found = getattr(module, function, None)
    if not callable(found):
        raise StrategyError(f"{path}: has no function {function!r}")
    chooser: Chooser = found
    return chooser
