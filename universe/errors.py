"""What the caller can put right: one sentence that names the place, the value and what is allowed."""


class UniverseError(Exception):
    """Base of every error that a user meets; its text is the whole message."""


class DefinitionError(UniverseError):
    """A game definition that breaks a rule; every fault is listed, each with its path."""


class DrawError(UniverseError):
    """A draw number, date or set of numbers that the game cannot have."""


class SettingsError(UniverseError):
    """A configuration value that is unknown or out of bounds."""
