"""The newest answers, to give again: an equal question of an equal commit has an equal answer.

Many clients ask the same, and much more often than anything is committed.
"""

from mcp_types import CallToolResult

ANSWERS_MAX = 64

Key = tuple[str, str]  # the tool, and its checked arguments in Python's own words


class RecentAnswers:
    """Answers of one commit, at most ``ANSWERS_MAX``; a look at another commit forgets them.

    Threads may share it: commit and answers are replaced together, so no answer is ever found under another commit.
    """

    def __init__(self) -> None:
        self._held: tuple[object, dict[Key, CallToolResult]] = (None, {})

    def find(self, commit: object, key: Key) -> CallToolResult | None:
        """Return the answer that was given to an equal question of this commit."""
        held, answers = self._held
        if commit != held:
            answers = {}
            self._held = (commit, answers)
        return answers.get(key)

    def keep(self, commit: object, key: Key, answer: CallToolResult) -> None:
        """Remember an answer of a commit, unless another was asked for since; the oldest makes room."""
        held, answers = self._held
        if commit != held:
            return
        if len(answers) >= ANSWERS_MAX:
            del answers[next(iter(answers))]
        answers[key] = answer
