"""``universe report``: one page about one game, for print, phone and screen, that needs nothing but itself.

``gathering`` asks the universe and makes a ``ReportData``; ``pictures`` and ``page`` make the page of it, and know
nothing of universes.
"""

from ops.report.command import report_command

__all__ = ["report_command"]
