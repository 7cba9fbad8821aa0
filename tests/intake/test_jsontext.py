"""JSON is read in one way only: what two readers would understand differently is refused, with its place."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.jsontext import MOST_DEPTH, Unreadable, check_storable, read_json

STORABLE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc é", max_size=4), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("text", "problem", "place"),
    [
        (b"", "there is no body", ""),
        (b'{"a": 1', "this is not JSON", "line 1, column 8"),
        (b"{'a': 1}", "this is not JSON", "line 1, column 2"),
        (b'{"a": 1}\n{"a": 2}', "more after the end", "line 2, column 1"),
        (b'{"a": NaN}', "NaN is no JSON", ""),
        (b'{"a": -Infinity}', "-Infinity is no JSON", ""),
        (b'{"a": 1e400}', "too large", ""),
        (b'{"a": ' + b"9" * 5000 + b"}", "a number cannot be read", ""),
        (b'{"amount": 1, "amount": 2}', "'amount' comes twice", "amount"),
        (b'{"a": "\xff"}', "not UTF-8", "byte 8"),
        (b'{"a": "\x00"}', "raw control character", "line 1, column 8"),
        (b'{"a": {"b": ["\\u0000"]}}', "NUL", "a.b.0"),
        (b'{"a\\u0000": 1}', "NUL", "a?"),
        (b'{"a": "\\ud83d"}', "surrogate", "a"),
        (b"[" * 51 + b"]" * 51, "more than 50 levels", ""),
        (b"[" * 1_000 + b"]" * 1_000, "more than 50 levels", ""),
        (b'{"a":' * 100_000, "more than 50 levels", ""),
    ],
)
def test_what_is_no_plain_json_is_refused_with_its_place(text: bytes, problem: str, place: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read_json(text)

    assert problem in refused.value.problems[0].problem
    assert refused.value.problems[0].place == place


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),  # a byte order mark, as Windows programs write it
        (b'"\\ud83d\\ude00 \\u005cu0000"', "😀 \\u0000"),  # a whole pair; a backslash before u0000
        (b"[" * MOST_DEPTH + b"]" * MOST_DEPTH, json.loads("[" * MOST_DEPTH + "]" * MOST_DEPTH)),
        (b"[1e300, 123456789012345678901234567890]", [1e300, 123456789012345678901234567890]),
    ],
)
def test_unusual_json_that_means_one_thing_is_read(text: bytes, value: object) -> None:
    assert read_json(text) == value


@given(STORABLE)
def test_whatever_is_written_is_read_back(value: object) -> None:
    assert read_json(json.dumps(value).encode()) == value
    assert read_json(json.dumps(value, ensure_ascii=False).encode()) == value


@pytest.mark.parametrize("value", [{"a": float("nan")}, {"a": [float("inf")]}, {"a": "\0"}, {"\ud800": 1}])
def test_a_value_that_no_database_takes_is_refused_however_it_came(value: object) -> None:
    with pytest.raises(Unreadable):
        check_storable(value)
