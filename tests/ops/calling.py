"""Commands called in this process: what they return and print."""

import json
from collections.abc import Callable
from typing import Any

import attrs


@attrs.frozen
class Called:
    """One call: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout of a call that went well."""
        assert self.code == 0, self.err
        assert len(self.out.splitlines()) == 1, self.out
        return json.loads(self.out)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The log: every line of stderr that is not for a person."""
        return [json.loads(line) for line in self.err.splitlines() if not line.startswith("universe: ")]

    @property
    def refusal(self) -> str:
        """The one line of a call that was refused for its options or its input."""
        assert self.code == 2, f"{self.code}: {self.out} {self.err}"
        assert not self.out
        (line,) = [line for line in self.err.splitlines() if not line.startswith("{")]
        assert line.startswith("universe: ")
        return line.removeprefix("universe: ")


Call = Callable[..., Called]
