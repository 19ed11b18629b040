"""A line that is no message is answered where somebody may wait, with the id it was asked under."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.malformed import malformed_answer


@pytest.mark.parametrize(
    ("line", "asked", "code"),
    [
        (b"garbage", None, -32700),
        (b"\xff", None, -32700),
        (b"[" * 100_000, None, -32700),
        (b"[]", None, -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "x", "params": {"a": [' + b"[]," * 10**6 + b"1]}}", None, -32600),
        (b'{"jsonrpc": "2.0", "id": "odd", "method": 1}', "odd", -32600),
        (b'{"jsonrpc": "2.0", "id": 7, "method": "x", "params": {"n": ' + b"9" * 5_000 + b"}}", 7, -32600),
        (b'{"jsonrpc": "2.0", "id": 5.5, "method": "x"}', None, -32600),
        (b'{"jsonrpc": "2.0", "id": true, "method": "x"}', None, -32600),
        (b'{"jsonrpc": "2.0", "id": "\\ud800", "method": "x"}', None, -32600),
    ],
)
def test_a_broken_request_is_answered(line: bytes, asked: object, code: int) -> None:
    answer = malformed_answer(line)
    assert answer is not None
    assert (answer.id, answer.error.code) == (asked, code)


def test_a_broken_notification_is_not() -> None:
    assert malformed_answer(b'{"jsonrpc": "2.0", "method": "x", "params": 3}') is None


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps).map(str.encode)
)
def test_no_line_breaks_the_answer(line: bytes) -> None:
    answer = malformed_answer(line)
    assert answer is None or json.loads(answer.model_dump_json())["jsonrpc"] == "2.0"
