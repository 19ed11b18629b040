"""Subscriptions on the real program: commits of its own, and those of another process beside it."""

import time
from pathlib import Path

from tests.acceptance.client import Client, connected
from tests.acceptance.program import done

STATUS, GAME = "universe://status", "universe://games/GAME_001"
DATE = f"{GAME}/draw-dates/2000-06-10"
NEWS_SECONDS_MAX = 20  # far above the second that it takes


def hear(client: Client, wanted: set[str]) -> list[str]:
    """The resources that the client is told of until all that it waits for are among them."""
    heard: list[str] = []
    end = time.monotonic() + NEWS_SECONDS_MAX
    while not wanted <= set(heard):
        message = client.read(max(0.0, end - time.monotonic()))
        assert message is not None
        if message["method"] == "notifications/resources/updated":
            heard.append(message["params"]["uri"])
        else:
            heard.append(message["method"])
    return heard


def test_a_client_hears_of_its_leaders_commits_and_of_an_ingest_beside_it(tmp_path: Path) -> None:
    words = ("--mode", "test", "--limit", "1200", "--rate", "800", "--data-dir", tmp_path / "data")
    with connected(*words, log=tmp_path / "log") as client:
        resources = client.greeting["capabilities"]["resources"]
        assert resources == {"subscribe": True, "listChanged": True}
        client.ask("get_universe_status")
        for uri in (STATUS, DATE):
            assert client.request("resources/subscribe", {"uri": uri})["result"] == {}
        begun = time.monotonic()
        heard = hear(client, {STATUS, DATE})  # the second date begins with draw 1,001
        assert heard.count(STATUS) <= time.monotonic() - begun + 1
        while client.ask("get_universe_status")["games"][0]["phase"] != "halted":
            time.sleep(0.1)
        time.sleep(1.2)  # nothing else is committed from here on
        client.answer(client.send("ping"))
        results = tmp_path / "results.csv"
        results.write_text("draw_date,main,bonus\n2000-06-10,1 2 3 4 5,6\n", encoding="utf-8")
        where = ("--data-dir", tmp_path / "data", "--mode", "test")
        assert done("ingest", "--game", "GAME_001", "--results", results, *where)["inserted"] == 1
        hear(client, {STATUS, DATE})
        answer = client.request("resources/read", {"uri": DATE})["result"]["contents"][0]
        assert '"main_numbers": [1, 2, 3, 4, 5]' in answer["text"]
        client.finish()
