"""Tokens: who holds one, what a file of them may say, and that no error shows any."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.tokens import Tokens, read_tokens, tokens_of_environment
from universe.errors import SettingsError

NAMES = st.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True)
TOKENS = st.from_regex(r"[A-Za-z0-9._~+/-]{16,40}={0,2}", fullmatch=True)
SECRET = "x3" * 10


@given(st.dictionaries(NAMES, TOKENS, min_size=1, max_size=5).filter(lambda them: len({*them.values()}) == len(them)))
def test_every_holder_is_known_by_its_token_alone(holders: dict[str, str]) -> None:
    tokens = tokens_of_environment(", ".join(f"{name}:{token}" for name, token in holders.items()))
    assert {name: tokens.holder(token) for name, token in holders.items()} == {name: name for name in holders}
    assert tokens.names == tuple(holders)


@given(st.text())
def test_what_is_no_token_is_nobodys(text: str) -> None:
    assert tokens_of_environment(f"agent:{SECRET}").holder(text) is None


def test_a_file_has_an_entry_a_line_with_comments(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text(f"# who may ask\n\n agent:{SECRET}\nscraper:{SECRET[::-1]}\n")
    tokens = read_tokens(file)
    assert tokens.names == ("agent", "scraper")
    assert tokens.holder(SECRET[::-1]) == "scraper"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"agent {SECRET}", "line 1: must be NAME:TOKEN"),
        (f"ok:{SECRET}\nagent:short", "line 2: must be NAME:TOKEN"),
        (f"a:{SECRET}\na:{SECRET}x", "line 2: a has a token already"),
        (f"a:{SECRET}\nb:{SECRET}", "two holders have the same token"),
        ("# nobody\n", "holds no token"),
        ("a:" + "x" * 600, "line 1: must be NAME:TOKEN"),
    ],
)
def test_a_faulty_file_is_refused_without_showing_a_token(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "tokens"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_tokens(file)
    assert said in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="none: No such file"):
        read_tokens(tmp_path / "none")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="is not UTF-8 text"):
        read_tokens(tmp_path / "binary")
    (tmp_path / "large").write_bytes(b"#" * 2_000_000)
    with pytest.raises(SettingsError, match="larger than"):
        read_tokens(tmp_path / "large")


def test_only_digests_are_kept() -> None:
    assert SECRET not in repr(tokens_of_environment(f"agent:{SECRET}"))
    assert isinstance(tokens_of_environment(""), Tokens)
    assert not tokens_of_environment("").names
