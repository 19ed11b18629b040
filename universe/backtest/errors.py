"""What goes wrong with a strategy."""

from universe.errors import UniverseError


class StrategyError(UniverseError):
    """A strategy that the game cannot play, or one that returned what is no ticket."""
