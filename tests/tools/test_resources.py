"""Resources: what is listed can be read, says what the tools say, and is one snapshot's."""

import json
import shutil
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio
from mcp import Client, MCPError
from mcp_types import INTERNAL_ERROR, INVALID_PARAMS, TextResourceContents
from structlog.testing import capture_logs

from storage.errors import StoreUnavailable
from tests.tools.fakes import EPOCH, GAMES, MODES, FakeGame, FakeSource, answer, fake_games
from tools.addresses import URIS, address_of, is_well_formed
from tools.cursors import make_cursor
from tools.draw_dates import newest_dates
from tools.game_document import game_document
from tools.listing import DATES_LISTED_MAX, PAGE_RESOURCES_MAX
from tools.questions.status import universe_status
from tools.resources import guide
from tools.server import QUESTIONS, make_server
from tools.wire import to_wire
from universe.definition import definition_toml, game_from_toml

KINDS = [fake for fake in fake_games() if fake.game.game_id in {"GAME_001", "GAME_002", "TINY_REST", "GAME_007"}]
STATUS, GUIDE, GAME = "universe://status", "universe://guide", "universe://games/GAME_001"


@pytest.fixture(scope="module")
def source() -> FakeSource:
    return FakeSource(games=fake_games())


async def read(source: FakeSource, uri: str, mode: Any = "auto") -> TextResourceContents:
    with trio.fail_after(20):
        async with Client(make_server(source, version="1"), mode=mode) as client:
            (contents,) = (await client.read_resource(uri)).contents
    assert isinstance(contents, TextResourceContents)
    assert contents.uri == uri
    return contents


async def document(source: FakeSource, uri: str, mode: Any = "auto") -> dict[str, Any]:
    contents = await read(source, uri, mode)
    assert contents.mime_type == "application/json"
    found: dict[str, Any] = json.loads(contents.text)
    return found


async def refused(source: FakeSource, uri: str, mode: Any = "auto") -> MCPError:
    async with Client(make_server(source, version="1"), mode=mode) as client:
        with pytest.raises(MCPError) as fault:
            await client.read_resource(uri)
    assert "\n" not in str(fault.value)
    return fault.value


async def listed(source: FakeSource, mode: Any = "auto") -> list[list[str]]:
    """The URIs of every page."""
    pages, cursor = [], None
    async with Client(make_server(source, version="1"), mode=mode) as client:
        while True:
            page = await client.list_resources(cursor=cursor)
            pages.append([resource.uri for resource in page.resources])
            cursor = page.next_cursor
            if cursor is None:
                return pages


@pytest.mark.parametrize("mode", MODES)
async def test_status_and_draw_dates_are_the_documents_of_their_tools(source: FakeSource, mode: str) -> None:
    assert await document(source, STATUS, mode) == await answer(source, "get_universe_status", mode)
    for game_id, day in (("GAME_001", "2024-01-03"), ("TINY", "2024-01-06"), ("GAME_006", "2016-01-02")):
        asked = {"draw_date": day, "game_id": game_id}
        uri = f"universe://games/{game_id}/draw-dates/{day}"
        assert await document(source, uri, mode) == await answer(source, "get_draw_date_summary", mode, **asked)


@pytest.mark.parametrize("fake", KINDS, ids=lambda fake: fake.game.game_id)
async def test_a_game_says_what_it_is_and_calls_that_it_answers(source: FakeSource, fake: FakeGame) -> None:
    game = fake.game
    seen = await document(source, f"universe://games/{game.game_id}")
    with source.snapshot() as snapshot:
        of_tool = to_wire(universe_status(snapshot, source))["games"]
    assert seen["status"] in of_tool
    assert seen["snapshot"]["game_id"] == game.game_id
    assert (seen["main"]["picked"], seen["main"]["size"]) == (game.main.picked, game.main.size)
    assert (seen["bonus"] or {"picked": 0})["picked"] == game.bonus_picked
    assert int(seen["outcomes"]) == game.outcomes
    assert [period["since"] for period in seen["schedule"]] == [str(period.start) for period in game.schedule]
    assert len(seen["ask"]) >= (7 if fake.draws and fake.results else 1)
    for call in seen["ask"]:
        await answer(source, call["tool"], **call["arguments"])


@pytest.mark.parametrize("game_id", GAMES)
def test_a_definition_is_a_file_that_the_program_accepts(game_id: str, tmp_path: Path) -> None:
    path = tmp_path / "game.toml"
    path.write_text(definition_toml(GAMES[game_id]), encoding="utf-8")
    assert game_from_toml(path) == GAMES[game_id]


async def test_a_definition_is_read_as_toml(source: FakeSource) -> None:
    contents = await read(source, f"{GAME}/definition")
    assert (contents.mime_type, contents.text) == ("application/toml", definition_toml(GAMES["GAME_001"]))


async def test_the_guide_needs_no_store() -> None:
    closed = FakeSource(games=[], opened=trio.Event())
    contents = await read(closed, GUIDE)
    assert (contents.mime_type, contents.text) == ("text/markdown", guide())
    for question in ("get_universe_status", "verify_draw"):
        assert question in contents.text


@pytest.mark.skipif(not all(map(shutil.which, ("sh", "bc", "awk", "sha256sum"))), reason="needs a shell's tools")
def test_the_check_by_hand_in_the_guide_works() -> None:
    script = guide().split("```sh\n")[1].split("```")[0]
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "4 6 8 12 20 + 15"
    assert "is 4 6 8 12 20 + 15" in guide()


@pytest.mark.parametrize("mode", MODES)
async def test_what_is_listed_can_be_read(source: FakeSource, mode: str) -> None:
    """Undated first; then the draw dates of all games, newest first; and each with its type and a name."""
    async with Client(make_server(source, version="1"), mode=mode) as client:
        resources = (await client.list_resources()).resources
        for resource in resources:
            contents = (await client.read_resource(resource.uri)).contents[0]
            assert (contents.uri, contents.mime_type) == (resource.uri, resource.mime_type)
            assert resource.name
            assert resource.title
            assert resource.annotations
    uris = [resource.uri for resource in resources]
    games = [fake.game.game_id for fake in sorted(source.games, key=lambda fake: fake.game.game_id)]
    undated = [STATUS, GUIDE, *(f"universe://games/{game_id}" for game_id in games)]
    undated += [f"universe://games/{game_id}/definition" for game_id in games]
    assert uris[: len(undated)] == undated
    dates = [uri.rsplit("/", 1)[1] for uri in uris[len(undated) :]]
    assert dates == sorted(dates, reverse=True)
    assert len(set(uris)) == len(uris)


def long_history() -> FakeSource:
    """A game with more dates than are listed; its real results begin before its draws, with a gap between."""
    game = FakeGame(game=GAMES["GAME_001"], made=1)
    game.publish(date(2000, 6, 7), (1, 2, 3, 4, 5), (6,))
    for week in range(4 * DATES_LISTED_MAX):
        game.publish(date.fromordinal(date(2000, 6, 10).toordinal() + 7 * week), (1, 2, 3, 4, 5), (6,))
    other = FakeGame(game=GAMES["GAME_002"], made=None)
    for week in range(60):
        other.publish(date.fromordinal(date(2020, 1, 1).toordinal() + 7 * week), (1, 2, 3, 4, 5), (6,))
    return FakeSource(games=[game, other])


def dates_of(uris: list[str]) -> list[str]:
    return [uri.rsplit("/", 1)[1] for uri in uris if "/draw-dates/" in uri]


async def test_the_newest_dates_of_each_game_are_listed_on_one_page() -> None:
    source = long_history()
    (uris,) = await listed(source)
    with source.snapshot() as snapshot:
        for view in snapshot.games():
            wanted = [str(day) for day in newest_dates(snapshot, view, None, 1_000)]
            assert len(wanted) > DATES_LISTED_MAX
            assert dates_of([uri for uri in uris if view.game.game_id in uri]) == wanted[:DATES_LISTED_MAX]
    assert await document(source, f"{GAME}/draw-dates/2000-06-07"), "what is not listed can be read"


@pytest.mark.parametrize("mode", MODES)
async def test_pages_follow_each_other_without_gap_or_overlap(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = await listed(long_history(), mode)
    monkeypatch.setattr("tools.listing.PAGE_RESOURCES_MAX", 25)
    pages = await listed(long_history(), mode)
    assert [len(page) for page in pages] == [25, 25, 2 + 2 * 2 + 2 * DATES_LISTED_MAX - 50]
    uris = [uri for page in pages for uri in page]
    assert [uris] == whole
    assert dates_of(uris) == sorted(dates_of(uris), reverse=True)
    assert dates_of(uris)[0] == "2024-01-03"


async def test_many_games_take_several_pages() -> None:
    games = [FakeGame(game=attrs.evolve(GAMES["GAME_001"], game_id=f"G{n}"), made=1) for n in range(60)]
    pages = await listed(FakeSource(games=games))
    assert [len(page) for page in pages] == [PAGE_RESOURCES_MAX, 2 + 2 * 60 + 60 - PAGE_RESOURCES_MAX]
    assert len({uri for page in pages for uri in page}) == 182


async def test_pages_end_inside_the_games_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A universe may hold more games than a page lists."""
    whole = await listed(FakeSource(games=fake_games()))
    monkeypatch.setattr("tools.listing.PAGE_RESOURCES_MAX", 5)
    pages = await listed(FakeSource(games=fake_games()))
    assert len(pages[0]) == 5
    assert [uri for page in pages for uri in page] == whole[0]


CURSORS = ("", "x", make_cursor(STATUS, "another list"), make_cursor("universe://games/NONE", "resources/list", "u-1"))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("cursor", CURSORS)
async def test_a_cursor_of_another_list_is_refused(source: FakeSource, mode: Any, cursor: str) -> None:
    async with Client(make_server(source, version="1"), mode=mode) as client:
        with pytest.raises(MCPError, match="not one of this query") as fault:
            await client.list_resources(cursor=cursor)
        assert fault.value.error.code == INVALID_PARAMS
        for call in (client.list_resource_templates, client.list_prompts):
            with pytest.raises(MCPError, match="one page"):
                await call(cursor=cursor)


@pytest.mark.parametrize("mode", MODES)
async def test_templates_are_described(source: FakeSource, mode: Any) -> None:
    async with Client(make_server(source, version="1"), mode=mode) as client:
        templates = (await client.list_resource_templates()).resource_templates
    assert [template.uri_template for template in templates] == [uri for uri in URIS if "{" in uri]
    for template in templates:
        assert template.description
        assert (str(DATES_LISTED_MAX) in template.description) is ("draw_date" in template.uri_template)
        assert template.mime_type
        assert template.annotations


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("universe://games/NONE", "unknown game NONE: this universe has GAME_001"),
        ("universe://games/NONE/definition", "unknown game NONE"),
        (f"{GAME}/draw-dates/2024-01-04", "its neighbours are 2024-01-03 and 2024-01-06"),
        (f"{GAME}/draw-dates/2024-02-30", "none of that form"),
        (f"{GAME}/draw-dates/9999-12-31", "none of that form"),
        (f"{GAME}/draw-dates/", "none of that form"),
        (f"{GAME}/", "none of that form"),
        ("universe://Status", "none of that form"),
        ("file:///etc/passwd", "none of that form"),
        ("no\nuri", r"no resource no\nuri: there is none of that form"),
        ("x" * 5_000, "none of that form"),
        ("", "none of that form"),
    ],
)
async def test_what_does_not_exist_is_not_found_and_what_does_is_told(
    source: FakeSource, mode: Any, uri: str, reason: str
) -> None:
    fault = await refused(source, uri, mode)
    assert fault.error.code == INVALID_PARAMS
    assert reason in fault.error.message
    assert all(known in fault.error.message for known in URIS)
    assert len(fault.error.message) < 800


async def test_a_store_that_cannot_be_read_and_a_crash_are_faults_of_the_server() -> None:
    class Unreadable(FakeSource):
        fault: Exception = StoreUnavailable("the disk is away")

        def snapshot(self) -> Any:
            raise self.fault

    gone = Unreadable(games=[])
    fault = await refused(gone, STATUS)
    assert (fault.error.code, fault.error.message) == (INTERNAL_ERROR, "the disk is away")
    gone.fault = RuntimeError("the secret")
    with capture_logs() as logs:
        for mode in MODES:
            fault = await refused(gone, STATUS, mode)
            assert fault.error.code == INTERNAL_ERROR
            assert "secret" not in fault.error.message
    assert [log["event"] for log in logs] == ["request.crashed"] * 2


@pytest.mark.parametrize("uri", [STATUS, GAME, f"{GAME}/definition", f"{GAME}/draw-dates/2024-01-03"])
async def test_an_answer_is_of_one_snapshot(uri: str) -> None:
    source = FakeSource(games=fake_games())
    await read(source, uri)
    assert source.snapshots == 1


def test_dates_with_nothing_to_say_are_not_listed() -> None:
    source = long_history()
    with source.snapshot() as snapshot:
        dates = newest_dates(snapshot, snapshot.game("GAME_001"), None, 1_000)
        assert dates[:2] == [date(2024, 1, 3), max(one.result.draw_date for one in source.games[0].results)]
        assert newest_dates(snapshot, snapshot.game("GAME_001"), EPOCH, 1) == [dates[1]]


@pytest.mark.parametrize("uri", [STATUS, GUIDE, GAME, f"{GAME}/definition", f"{GAME}/draw-dates/2024-01-03"])
def test_an_address_is_read_as_it_is_written(uri: str) -> None:
    address = address_of(uri)
    assert address is not None
    assert address.uri == uri
    assert is_well_formed(uri)


def test_examples_name_tools_that_exist() -> None:
    names = {question.name for question in QUESTIONS}
    source = FakeSource(games=fake_games())
    with source.snapshot() as snapshot:
        for view in snapshot.games():
            assert {call["tool"] for call in game_document(snapshot, source, view).ask} <= names
