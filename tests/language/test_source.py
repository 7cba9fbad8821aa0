"""Reading files: authors get what they wrote; every mistake has its line, its column and a hint."""

from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import Field

from orchestrator.errors import PlaybookError, Problem
from orchestrator.language.playbook import Model
from orchestrator.language.source import MOST_BYTES, Source, parse, read_top, read_yaml


def refused(text: str) -> Problem:
    with pytest.raises(PlaybookError) as error:
        read_yaml(text, "a.yaml")
    (problem,) = error.value.problems
    return problem


def read_or_refused(text: str) -> Source | list[Problem]:
    try:
        return read_yaml(text, "a.yaml")
    except PlaybookError as error:
        return list(error.problems)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("on", "on"), ("no", "no"), ("yes", "yes"), ("off", "off"), ("NO", "NO"), ("y", "y"),
        ("21:00", "21:00"), ("9:30", "9:30"), ("2026-11-24", "2026-11-24"), ("2026-11-24 10:00:00", "2026-11-24 10:00:00"),
        ("+13125550142", "+13125550142"), ("007", "007"), ("1_000", "1_000"), ("0x1F", "0x1F"), ("0o17", "0o17"), ("1e400", "1e400"),
        (".5", ".5"), (".nan", ".nan"), (".inf", ".inf"), ("1" * 30, "1" * 30), ("=", "="), ("<<", "<<"),
        ("500", 500), ("-3", -3), ("0", 0), ("1.50", 1.5), ("1e3", 1000.0),
        ("true", True), ("False", False), ("null", None), ("~", None), ("", None),
        ('"500"', "500"), ("'true'", "true"), ('""', ""), ('"21:00"', "21:00"),
    ],
)  # fmt: skip
def test_a_value_stays_what_its_author_wrote(written: str, read: object) -> None:
    source = read_yaml(f"key: {written}\n", "a.yaml")

    assert source.data == {"key": read}
    assert type(source.data["key"]) is type(read)


def test_a_key_is_always_text() -> None:
    source = read_yaml("on: 1\nno: 2\n50: 3\ntrue: 4\n21:00: 5\n", "a.yaml")

    assert list(source.data) == ["on", "no", "50", "true", "21:00"]


@pytest.mark.parametrize(
    ("text", "line", "column", "problem", "hint"),
    [
        ("a: 1\nb: x: y\n", 2, 5, "there is a second ': ' in this line", "put the value in quotes"),
        ("a: 'x\n", 2, 1, "a quote is opened and never closed", "close it"),
        ("a:\n  b: 1\n c: 2\n", 3, 2, "this line is not where it belongs", "same column"),
        ("a: [1, 2\n", 2, 1, "a [ ] or { } list is not closed", "commas"),
        ("a: @x\n", 1, 4, "a value cannot start with this character", "quotes"),
        ("a: %x\n", 1, 4, "a value cannot start with %", "quotes"),
        ("a: 1\nb: 2\na: 3\n", 3, 1, "'a' comes twice", "it is already in line 1"),
        # a forgotten colon is told where it was forgotten, not where the parser gave up: behind comments, in the line below
        ("a:\n  b: 1\n  c 2\n\n  # more: of it\n  d: 3\n", 3, 3, "a line without ': '", "every line is 'key: value'"),
        ("a: 1\nb\n", 2, 1, "a line without ': '", "every line is 'key: value'"),
        ("# first\na 1\n\n# more: of it\nb: 2\n", 2, 1, "a line without ': '", "every line is 'key: value'"),
        ("a:\n  - b 1\n    c: 2\n", 2, 5, "a line without ': '", "every line is 'key: value'"),
        ("a:\n  - b 1\n    # more: of it\n    c: 2\n", 2, 5, "a line without ': '", "every line is 'key: value'"),
        ("a:\n  - b\n    # more: of it\n    c: 2\n", 4, 5, "this line is not where it belongs", "same column"),
        ("a: 1\n  b: 2\n", 2, 3, "this line is not where it belongs", "same column"),
        ("a: {b: 1, b: 2}\n", 1, 11, "'b' comes twice", "it is already in line 1"),
        ("a: &x 1\n", 1, 4, "anchors (&) are not used here", "starts with & in quotes"),
        ("a: 1\nb: *x\n", 2, 4, "aliases (*) are not used here", "starts with * in quotes"),
        ("a: !!python/object:os.system x\n", 1, 4, "tags (tag:yaml.org,2002:python/object:os.system)", "quotes"),
        ("a: !secret x\n", 1, 4, "tags (!secret) are not used here", "starts with ! in quotes"),
        ("---\na: 1\n---\nb: 2\n", 3, 1, "the file has several documents", "'---'"),
        ("%YAML 1.1\n---\na: no\n", 2, 1, "lines that start with % are not used here", "delete"),
        ("a: 1\nb:\tx\n", 2, 3, "there is a tab", "use spaces"),
        ("a: x\x00y\n", 1, 5, "there is an invisible character (U+0000)", "type the line again"),
        ("a: x\u2028y\n", 1, 5, "there is an invisible character (U+2028)", "type the line again"),
        ('a: "\\x00"\n', 1, 4, "there is an invisible character (U+0000)", "leave it out"),
        ('a: "\\uD800"\n', 1, 4, "there is an invisible character (U+D800)", "leave it out"),
        ("? [a]\n: b\n", 1, 3, "a key must be one word", "in quotes"),
        (": b\n", 1, 1, "a key is missing before ':'", "key: value"),
        ("", 1, 1, "the file is empty", "README"),
        ("# only a comment\n", 1, 1, "the file is empty", "README"),
        ("- a\n- b\n", 1, 1, "the file must consist of lines 'key: value'", "README"),
        ("just words\n", 1, 1, "the file must consist of lines 'key: value'", "README"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said_with_its_place(text: str, line: int, column: int, problem: str, hint: str) -> None:
    found = refused(text)

    assert (found.place, found.line, found.column) == ("a.yaml", line, column)
    assert found.problem.startswith(problem)
    assert hint in found.hint


def test_a_billion_laughs_are_refused_at_the_first_anchor() -> None:
    bomb = "a: &a [x, x]\n" + "".join(f"{n}: &{n} [*{p}, *{p}]\n" for p, n in zip("abcdefgh", "bcdefghi", strict=True))

    assert refused(bomb).problem == "anchors (&) are not used here"


@pytest.mark.parametrize(
    "text", ["[" * 200_000, "{a: " * 50_000, "- " * 100_000, "a:\n" + "".join(" " * n + "- \n" for n in range(300))]
)
def test_deep_nesting_is_refused_before_it_hurts(text: str) -> None:
    with pytest.raises(PlaybookError):
        read_yaml(text, "a.yaml")


def test_deep_nesting_says_so() -> None:
    assert refused("a: " + "[" * 30 + "]" * 30).problem == "more than 24 levels inside each other"


def test_a_file_that_is_too_large_is_refused() -> None:
    assert refused("a: " + "x" * MOST_BYTES).problem == "the file is larger than 256 kB"


def test_size_is_counted_in_bytes() -> None:
    assert refused("a: " + "€" * (MOST_BYTES // 2)).problem == "the file is larger than 256 kB"


def test_a_file_with_too_many_values_is_refused() -> None:
    assert refused("a: [" + "1," * 30_000 + "1]").problem == "more than 20,000 values"


def test_a_part_of_a_file_knows_the_lines_of_the_whole() -> None:
    source = read_yaml("a: 1\nb: 2\n", "a.md", first_line=2)

    assert source.place(("b",)) == (3, 4)


def test_windows_line_endings_change_no_place() -> None:
    source = read_yaml("a: 1\r\nb:\r\n  - c: 2\r\n", "a.yaml")

    assert source.data == {"a": 1, "b": [{"c": 2}]}
    assert source.place(("b", 0, "c")) == (3, 8)


@pytest.mark.parametrize(
    ("loc", "key", "place"),
    [
        (("steps", 0, "email"), False, (3, 12)),
        (("steps", 0, "email"), True, (3, 5)),
        (("steps", 0, "touchpoint", "email"), False, (3, 12)),  # pydantic puts the tag of the union in between
        (("steps", 0, "touchpoint", "touchpoint"), False, (2, 17)),
        (("steps", 0, "touchpoint", "queue"), False, (2, 17)),  # not there: the nearest thing around it
        (("steps", 1), False, (4, 5)),
        (("steps", 1, "word"), False, (4, 5)),
        (("nothing",), False, (1, 1)),
        ((), False, (1, 1)),
    ],
)
def test_a_place_is_found_through_the_tags_of_unions(loc: tuple[int | str, ...], key: bool, place: tuple[int, int]) -> None:
    source = read_yaml("steps:\n  - touchpoint: hello\n    email: thanks\n  - exit\n", "a.yaml")

    assert source.place(loc, key=key) == place


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: x > 3\n", (1, 6)),
        ('a: "x > 3"\n', (1, 7)),
        ("a: 'x > 3'\n", (1, 7)),
        ("a: |\n  x > 3\n", (1, 4)),
        ("a: >\n  x > 3\n", (1, 4)),
    ],
)
def test_a_column_inside_a_value_becomes_a_column_of_the_file(text: str, place: tuple[int, int]) -> None:
    assert read_yaml(text, "a.yaml").place_in(("a",), 1, 3) == place


class Line(Model):
    text: str
    days: list[date] = Field(default_factory=list)
    most: int = 1


class File(Model):
    title: str
    lines: dict[str, Line] = Field(default_factory=dict)


@pytest.mark.parametrize("written", ["1.10", "2024", "true", "007", "21:00"])
def test_a_number_where_text_is_wanted_is_the_text_that_was_written(written: str) -> None:
    file = parse(File, read_yaml(f"title: {written}\nlines:\n  a: {{text: {written}}}\n", "a.yaml"))

    assert (file.title, file.lines["a"].text) == (written, written)


@pytest.mark.parametrize(
    ("text", "line", "column", "problem", "hint"),
    [
        ("lines: {}\n", 1, 1, "'title' is missing", ""),
        ("title:\n", 1, 1, "'title' has no value", "it must be a text"),
        ("title: [a]\n", 1, 8, "a list does not fit here", "it must be a text"),
        ("title: a\nlnes: {}\n", 2, 1, "'lnes' is not known here", "did you mean 'lines'?"),
        ("title: a\nlines:\n  x: {text: a, mots: 2}\n", 3, 16, "'mots' is not known here", "did you mean 'most'?"),
        ("title: a\nlines:\n  x: {text: a, most: many}\n", 3, 22, "'many' does not fit here", "it must be a whole number"),
        ("title: a\nlines:\n  x: {text: a, days: [2026-13-01]}\n", 3, 23, "'2026-13-01' does not fit here", "it must be a date"),
        ("title: a\nlines:\n  x: [text]\n", 3, 6, "a list does not fit here", "it must be lines 'key: value' below it"),
        ("title: a\nlines: x\n", 2, 8, "'x' does not fit here", "it must be lines 'key: value' below it"),
    ],
)  # fmt: skip
def test_what_does_not_fit_a_model_is_said_with_its_place(text: str, line: int, column: int, problem: str, hint: str) -> None:
    with pytest.raises(PlaybookError) as refused:
        parse(File, read_yaml(text, "a.yaml"))

    (found,) = refused.value.problems
    assert (found.line, found.column, found.problem) == (line, column, problem)
    assert hint in found.hint


def test_all_problems_of_a_file_are_said_at_once() -> None:
    with pytest.raises(PlaybookError) as refused:
        parse(File, read_yaml("titel: a\nlines:\n  x: {most: many}\n", "a.yaml"))

    assert [p.problem for p in refused.value.problems] == [
        "'title' is missing", "'text' is missing", "'many' does not fit here", "'titel' is not known here",
    ]  # fmt: skip


YAML_SIGNS = st.text(alphabet="ab:-[]{}'\"#&*!|>%@`?, \n\r\\0129.~=<\t\x00\u2028é", max_size=120)


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(max_size=200), YAML_SIGNS))
@example("%")
@example("a: |\n\n\n%")
@example('a: "\\x')
@example("? ? ? a")
@example("a: |9x")
@example("{a: b, ")
def test_reading_any_text_gives_data_or_a_playbook_error(text: str) -> None:
    answer = read_or_refused(text)

    if isinstance(answer, Source):
        assert isinstance(answer.data, dict)
    else:
        assert answer
        assert all(p.place == "a.yaml" and p.line >= 1 and p.column >= 1 and p.problem for p in answer)


PLAIN = st.recursive(
    st.one_of(st.text(max_size=8), st.integers(-(10**12), 10**12), st.booleans(), st.none()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc-", min_size=1, max_size=4), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text("abc", min_size=1, max_size=4), PLAIN, max_size=4))
def test_what_another_tool_wrote_as_json_is_read_the_same(data: dict[str, object]) -> None:
    answer = read_or_refused(json.dumps(data, indent=1))

    if isinstance(answer, Source):
        assert answer.data == data
        assert set(answer.spots) >= {(key,) for key in data}
    else:
        assert all("invisible character" in p.problem or "a key" in p.problem for p in answer)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: 1\nkey: quote\n", ("quote",)),
        ('"key": "quote"', ("quote",)),
        ("{b: {key: no}, key: [one, 'two']}", ("one", "two")),
        ("b:\n  key: no\nkey:\n- one\n- 007\nc: [", ("one", "007")),
        ("\ufeffkey: quote\r\n", ("quote",)),
        ("key: quote\n\tbroken: [", ("quote",)),
        ("a: |\n  key: no\n", ()),
        ("key: {a: {b: c}}", ()),
        ("broken: [\nkey: quote\n", ()),
        ("- key: quote\n", ()),
        ("key", ()),
        ("", ()),
        ("%", ()),
    ],
)
def test_one_key_of_a_file_is_read_whatever_is_wrong_below_it(text: str, found: tuple[str, ...]) -> None:
    assert read_top(text, "key") == found
