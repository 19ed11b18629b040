"""The newest answers, to give again: an equal question of an equal commit has an equal answer.

Many clients ask the same, and much more often than anything is committed.
"""

from mcp_types import CallToolResult

ANSWERS_MAX = 64

Key = tuple[str, str]  # the tool, and its checked arguments in Python's own words


class RecentAnswers:
    """Answers of one commit, at most ``ANSWERS_MAX``; a look at another commit forgets them."""

    def __init__(self) -> None:
        self._commit: object = None
        self._answers: dict[Key, CallToolResult] = {}

    def find(self, commit: object, key: Key) -> CallToolResult | None:
        """Return the answer that was given to an equal question of this commit."""
        if commit != self._commit:
            self._commit = commit
            self._answers.clear()
        return self._answers.get(key)

    def keep(self, key: Key, answer: CallToolResult) -> None:
        """Remember an answer of the commit last asked for; the oldest makes room."""
        if len(self._answers) >= ANSWERS_MAX:
            del self._answers[next(iter(self._answers))]
        self._answers[key] = answer
