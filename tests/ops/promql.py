"""As much of PromQL as our alerts and dashboard are written in, evaluated over a world that knows every moment.

The parser is a library's; the meaning is here, in the plainest form: increases are not extrapolated, and a sample is
there at every moment that is asked for.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import attrs
import pytest

promql_parser = pytest.importorskip("promql_parser", reason="needs the development dependency promql-parser")

Labels = frozenset[tuple[str, str]]
Vector = dict[Labels, float]
STEPS = 20  # samples of a range

COMPARE: dict[str, Callable[[float, float], bool]] = {
    "==": lambda a, b: a == b, "!=": lambda a, b: a != b, ">": lambda a, b: a > b, "<": lambda a, b: a < b,
    ">=": lambda a, b: a >= b, "<=": lambda a, b: a <= b,
}  # fmt: skip  # a table
CALCULATE: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b,
    "/": lambda a, b: a / b if b else float("nan"),
}  # fmt: skip  # a table
FOLD: dict[str, Callable[[list[float]], float]] = {"sum": sum, "max": max}


@attrs.frozen
class World:
    """``samples`` gives every sample at a moment: the values of a name by their labels."""

    samples: Callable[[float], dict[str, Vector]]

    def evaluate(self, expression: str, now: float) -> Vector:
        """Return what an expression gives at a moment."""
        value = self._value(promql_parser.parse(expression), now)
        assert isinstance(value, dict), f"{expression} is no vector"
        return value

    def _value(self, node: Any, now: float) -> Vector | float:
        match type(node).__name__:
            case "NumberLiteral":
                return float(node.val)
            case "ParenExpr":
                return self._value(node.expr, now)
            case "VectorSelector":
                return self._selected(node, now)
            case "AggregateExpr":
                return self._aggregated(node, now)
            case "Call":
                return self._called(node, now)
            case "BinaryExpr":
                return self._combined(node, now)
        raise AssertionError(f"{type(node).__name__} has no meaning here")

    def _vector(self, node: Any, now: float) -> Vector:
        value = self._value(node, now)
        assert isinstance(value, dict)
        return value

    def _selected(self, node: Any, now: float) -> Vector:
        found = self.samples(now - (node.offset or timedelta()).total_seconds()).get(node.name, {})
        return {labels: value for labels, value in found.items() if matches(node, dict(labels))}

    def _aggregated(self, node: Any, now: float) -> Vector:
        assert node.modifier is None or str(node.modifier.type) == "AggModifierType.By"
        names = node.modifier.labels if node.modifier else []
        groups: dict[Labels, list[float]] = defaultdict(list)
        for labels, value in self._vector(node.expr, now).items():
            groups[kept(labels, names)].append(value)
        return {labels: FOLD[str(node.op)](values) for labels, values in groups.items()}

    def _called(self, node: Any, now: float) -> Vector | float:
        name, arguments = node.func.name, node.args
        match name:
            case "time":
                return now
            case "abs":
                return {labels: abs(value) for labels, value in self._vector(arguments[0], now).items()}
            case "timestamp":
                return dict.fromkeys(self._vector(arguments[0], now), now)
            case "histogram_quantile":
                return quantiles(arguments[0].val, self._vector(arguments[1], now))
        ((span, series),) = [self._series(argument, now) for argument in arguments]
        if name == "delta":
            return {labels: values[-1] - values[0] for labels, values in series.items()}
        increases = {labels: increase(values) for labels, values in series.items()}
        assert name in {"increase", "rate"}, name
        return increases if name == "increase" else {labels: more / span for labels, more in increases.items()}

    def _series(self, node: Any, now: float) -> tuple[float, dict[Labels, list[float]]]:
        inner = node.vector_selector if type(node).__name__ == "MatrixSelector" else node.expr
        span, series = node.range.total_seconds(), defaultdict[Labels, list[float]](list)
        for step in range(STEPS + 1):
            for labels, value in self._vector(inner, now - span + span * step / STEPS).items():
                series[labels].append(value)
        return span, {labels: values for labels, values in series.items() if len(values) > 1}

    def _combined(self, node: Any, now: float) -> Vector:
        left, right, word = self._value(node.lhs, now), self._value(node.rhs, now), str(node.op)
        if isinstance(left, dict) and isinstance(right, dict):
            return joined(left, right, word, node.modifier and node.modifier.matching)
        assert isinstance(left, dict), "a number on the left has no meaning here"
        assert isinstance(right, float)
        return operated({labels: (value, right) for labels, value in left.items()}, word)


def matches(node: Any, labels: dict[str, str]) -> bool:
    """Whether a sample has the labels that a selector asks for."""
    tests: dict[str, Callable[[str, str], bool]] = {
        "Equal": lambda wanted, got: wanted == got,
        "NotEqual": lambda wanted, got: wanted != got,
        "Re": lambda wanted, got: bool(re.fullmatch(wanted, got)),
        "NotRe": lambda wanted, got: not re.fullmatch(wanted, got),
    }
    return all(
        tests[str(matcher.op).removeprefix("MatchOp.")](matcher.value, labels.get(matcher.name, ""))
        for matcher in node.matchers.matchers
    )


def kept(labels: Labels, names: list[str]) -> Labels:
    """These labels of a sample."""
    return frozenset((name, value) for name, value in labels if name in names)


def joined(left: Vector, right: Vector, word: str, matching: Any) -> Vector:
    """Two vectors by ``and``, ``or``, ``unless``, or sample by sample."""
    key = (lambda labels: kept(labels, matching.labels)) if matching else lambda labels: labels
    others = {key(labels): value for labels, value in right.items()}
    if word == "or":
        return {**{labels: value for labels, value in right.items() if key(labels) not in map(key, left)}, **left}
    if word in {"and", "unless"}:
        return {labels: value for labels, value in left.items() if (key(labels) in others) is (word == "and")}
    pairs = {labels: (value, others[key(labels)]) for labels, value in left.items() if key(labels) in others}
    return operated(pairs, word)


def operated(pairs: dict[Labels, tuple[float, float]], word: str) -> Vector:
    """Compare, which keeps what is true, or calculate."""
    if word in COMPARE:
        return {labels: left for labels, (left, right) in pairs.items() if COMPARE[word](left, right)}
    return {labels: CALCULATE[word](left, right) for labels, (left, right) in pairs.items()}


def increase(values: list[float]) -> float:
    """How much a counter grew; one that fell began anew."""
    return sum(later - earlier if later >= earlier else later for earlier, later in zip(values, values[1:]))  # noqa: B905, RUF007  pairs


def quantiles(quantile: float, buckets: Vector) -> Vector:
    """The quantile of each histogram, linear within its bucket; nothing of one without observations."""
    histograms: dict[Labels, list[tuple[float, float]]] = defaultdict(list)
    for labels, count in buckets.items():
        bound = dict(labels)["le"]
        histograms[kept(labels, [name for name, _ in labels if name != "le"])].append((float(bound), count))
    found = {}
    for labels, bars in histograms.items():
        total = max(count for _, count in bars)
        if total:
            found[labels] = _quantile(quantile * total, sorted(bars))
    return found


def _quantile(rank: float, bars: list[tuple[float, float]]) -> float:
    low, below = 0.0, 0.0
    for bound, count in bars:
        if count >= rank:
            return low if bound == float("inf") else low + (bound - low) * (rank - below) / (count - below)
        low, below = bound, count
    raise AssertionError


def nodes(node: Any) -> Iterator[Any]:
    """An expression and everything in it."""
    yield node
    for name in ("lhs", "rhs", "expr", "vector_selector"):
        if hasattr(node, name):
            yield from nodes(getattr(node, name))
    for argument in getattr(node, "args", None) or ():
        yield from nodes(argument)


def check_expression(expression: str, shown: dict[str, Vector]) -> None:
    """Assert that it asks for what is there: names, labels, and the values of labels that it names outright.

    ``shown`` is a scrape in which everything has happened once.
    """
    tree = promql_parser.parse(expression)
    selectors = [node for node in nodes(tree) if type(node).__name__ == "VectorSelector"]
    assert selectors, expression
    labels: set[str] = set()
    for selector in selectors:
        assert selector.name in shown, f"{selector.name} of {expression} is not shown"
        known = [dict(found) for found in shown[selector.name]]
        labels |= {name for found in known for name in found}
        for matcher in selector.matchers.matchers:
            values = {found[matcher.name] for found in known if matcher.name in found}
            assert values, f"{selector.name} of {expression} has no label {matcher.name}"
            if str(matcher.op) == "MatchOp.Equal":
                assert matcher.value in values, f"{selector.name} has {matcher.name} {values}, not {matcher.value}"
    for node in nodes(tree):
        modifier = getattr(node, "modifier", None)
        grouped = getattr(getattr(modifier, "matching", None) or modifier, "labels", None) or []
        assert set(grouped) <= labels, f"{expression}: {grouped} of {labels}"
