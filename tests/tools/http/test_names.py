"""Which Host and Origin headers are let in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.http.names import is_any_address, names_of
from universe.errors import SettingsError

LOOPBACK = names_of("127.0.0.1", [], [])
ANY = "0.0.0.0"  # noqa: S104  the case
OPEN = names_of(ANY, ["Lottery.Example.org", "2001:db8::7"], ["https://pages.example.org"])


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8765", "LOCALHOST", "[::1]:1", "localhost."])
def test_loopback_is_let_in_under_any_of_its_names(host: str) -> None:
    assert LOOPBACK.allows_host(host)
    assert OPEN.allows_host(host)


@pytest.mark.parametrize(
    "host",
    [
        None, "", "evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "localhost:80:80", "localhost:x",
        "evil.example:8765", "[::1", "::1", "localhost/", "localhost evil", ANY,
    ],
)  # fmt: skip  # a list of words
def test_foreign_hosts_are_not(host: str | None) -> None:
    assert not LOOPBACK.allows_host(host)
    assert not OPEN.allows_host(host)


def test_given_names_are_let_in_on_any_port() -> None:
    assert OPEN.allows_host("lottery.example.org")
    assert OPEN.allows_host("lottery.example.org:443")
    assert OPEN.allows_host("[2001:db8::7]:8765")
    assert not LOOPBACK.allows_host("lottery.example.org")


def test_the_address_that_was_bound_is_a_name_but_not_every_address() -> None:
    assert names_of("192.0.2.1", [], []).allows_host("192.0.2.1:8765")
    assert not OPEN.allows_host("192.0.2.1:8765")
    assert is_any_address("::")
    assert not is_any_address("example.org")


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True), ("http://localhost:3000", True), ("https://127.0.0.1", True), ("http://[::1]:5173", True),
        ("https://lottery.example.org", True), ("https://pages.example.org", True), ("HTTPS://Pages.Example.Org", True),
        ("http://pages.example.org", False), ("https://pages.example.org:444", False), ("null", False), ("", False),
        ("https://evil.example", False), ("http://localhost.evil.example", False), ("file://localhost", False),
        ("http://localhost@evil.example", False), ("http://localhost/x", False), ("http://", False),
    ],
)  # fmt: skip  # a table of cases
def test_origins(origin: str | None, allowed: bool) -> None:
    assert OPEN.allows_origin(origin) is allowed


@given(st.text(max_size=40))
def test_no_header_breaks_the_check(text: str) -> None:
    OPEN.allows_host(text)
    OPEN.allows_origin(text)


@pytest.mark.parametrize("host", ["a b", "", "example.org:80", "http://example.org", "*"])
def test_a_name_to_allow_must_be_one(host: str) -> None:
    with pytest.raises(SettingsError, match="--allowed-host"):
        names_of("127.0.0.1", [host], [])


@pytest.mark.parametrize("origin", ["example.org", "*", "null", "https://example.org/"])
def test_an_origin_to_allow_must_be_one(origin: str) -> None:
    with pytest.raises(SettingsError, match="--allowed-origin"):
        names_of("127.0.0.1", [], [origin])
