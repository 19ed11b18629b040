"""The dashboard: it loads without loss, and every panel asks for what there is and is shown something."""

import json
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from tests.ops.monitoring import everything
from tests.ops.promql import Vector, World, check_expression

ROOT = Path(__file__).resolve().parents[2]
DASHBOARD = json.loads((ROOT / "ops" / "deploy" / "dashboard.json").read_text("utf-8"))
VARIABLES = {"$__rate_interval": "5m", "$instance": ".*"}
NOW, YEAR = 1_800_000_000.0, 3e7
COUNTED = ("_total", "_bucket", "_sum", "_count")


def panels() -> list[dict[str, Any]]:
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def expressions() -> list[str]:
    return [_with_variables(target["expr"]) for panel in panels() for target in panel["targets"]]


def _with_variables(text: str) -> str:
    for name, value in VARIABLES.items():
        text = text.replace(name, value)
    return text


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Vector]:
    return everything(tmp_path_factory.mktemp("universe"))


def differences(given: Any, got: Any, place: str = "") -> Iterator[str]:
    """Where a document that was read and written again is not what was given; what is added is no difference."""
    if isinstance(given, dict) and isinstance(got, dict):
        for key, value in given.items():
            yield from differences(value, got.get(key, "absent"), f"{place}/{key}")
    elif isinstance(given, list) and isinstance(got, list) and len(given) == len(got):
        for index, (one, other) in enumerate(zip(given, got, strict=True)):
            yield from differences(one, other, f"{place}/{index}")
    elif given != got:
        yield f"{place}: {given!r} became {got!r}"


def test_it_loads_in_the_publishers_own_models_and_loses_nothing() -> None:
    """Their reader drops what it does not know: a misspelt field would be missing afterwards."""
    models = pytest.importorskip("grafana_foundation_sdk.models.dashboard", reason="needs grafana-foundation-sdk")
    plugins = pytest.importorskip("grafana_foundation_sdk.cog.plugins")
    encoder = pytest.importorskip("grafana_foundation_sdk.cog.encoder")
    plugins.register_default_plugins()
    loaded = models.Dashboard.from_json(DASHBOARD)
    assert len(loaded.panels) == len(DASHBOARD["panels"])
    assert list(differences(DASHBOARD, json.loads(encoder.JSONEncoder().encode(loaded)))) == []


def test_every_unit_is_one_of_the_publishers() -> None:
    units = pytest.importorskip("grafana_foundation_sdk.models.units", reason="needs grafana-foundation-sdk")
    known = {value for value in vars(units).values() if isinstance(value, str)}
    assert {panel["fieldConfig"]["defaults"]["unit"] for panel in panels()} <= known


@pytest.mark.parametrize("expression", expressions())
def test_a_panel_asks_for_what_there_is(shown: dict[str, Vector], expression: str) -> None:
    assert "$" not in expression
    check_expression(expression, shown)


@pytest.mark.parametrize("expression", expressions())
def test_a_panel_is_shown_something(shown: dict[str, Vector], expression: str) -> None:
    def samples(moment: float) -> dict[str, Vector]:
        grown = moment - NOW + YEAR
        return {
            name: {labels: value + grown * name.endswith(COUNTED) for labels, value in found.items()}
            for name, found in shown.items()
        }

    found = World(samples).evaluate(expression, NOW)
    assert found
    assert all(value == value for value in found.values())  # noqa: PLR0124  no number equals itself unless it is one


def test_panels_are_named_apart_and_do_not_cover_each_other() -> None:
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    assert len({panel["title"] for panel in panels()}) == len(panels())
    places = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    for one, other in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above, (one, other)


def test_every_panel_says_what_it_shows() -> None:
    for panel in panels():
        assert panel["description"].endswith("."), panel["title"]
        assert {target["datasource"]["uid"] for target in panel["targets"]} == {"${datasource}"}
        letters = [target["refId"] for target in panel["targets"]]
        assert letters == sorted(set(letters))
