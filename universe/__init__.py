"""The domain, pure: games, calendar, seed, draws, counting, matching, statistics, result formats, settings.

It knows nobody: no database, no event loop, no protocol, no terminal.
"""

__version__ = "0.1.0"
