"""What a tool is here: a plain function from a snapshot and checked arguments to an answer, and its description."""

from collections.abc import Callable
from functools import cached_property
from typing import Any, Generic, TypeVar

import attrs

from tools.arguments import Arguments
from tools.source import Snapshot, Witness
from tools.wire import answer_schema, argument_schema

Asked = TypeVar("Asked", bound=Arguments)
Answer = TypeVar("Answer", bound=attrs.AttrsInstance)


@attrs.frozen(kw_only=True, slots=False)
class Question(Generic[Asked, Answer]):
    """One tool. ``ask`` raises UniverseError for what the caller can put right; ``tell`` puts all of it into words.

    ``repeatable``: asked again of the same snapshot it gives the same answer. ``lasting``: its answer follows from the
    commit and the arguments alone, from no clock and nothing of this process. ``heavy``: it takes more than
    milliseconds, so it is asked in a thread, where a witness can tell nothing.
    """

    name: str
    title: str
    description: str
    arguments: type[Asked]
    answer: type[Answer]
    ask: Callable[[Snapshot, Asked, Witness], Answer]
    tell: Callable[[Answer], str]
    repeatable: bool = True
    lasting: bool = True
    heavy: bool = False

    @cached_property
    def input_schema(self) -> dict[str, Any]:
        """The JSON schema of the arguments."""
        return argument_schema(self.arguments)

    @cached_property
    def output_schema(self) -> dict[str, Any]:
        """The JSON schema of the structured answer."""
        return answer_schema(self.answer)
