"""The rows of a file of events: CSV with a header line, or one JSON object a line, packed with gzip or not."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Self

from orchestrator.errors import InputError, Problem
from orchestrator.jsontext import Unreadable, read_json

FORMATS = {".csv": "csv", ".tsv": "csv", ".jsonl": "json", ".ndjson": "json", ".json": "json"}
MOST_IN_A_LINE = 5_000_000  # bytes, as in one request


@dataclass(frozen=True, slots=True)
class Row:
    """One row, or why it cannot be read. Numbers start with 1 and count rows, not lines: a cell may have line breaks."""

    number: int
    values: dict[str, Any]  # Any: text in CSV; whatever the line says in JSON
    problem: Problem | None = None


class Rows:
    """A file that is being read; go through it once, inside `with`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.kind = _kind(path)
        try:
            self._raw: BinaryIO = path.open("rb")
            self.size = path.stat().st_size
        except OSError as error:
            raise InputError(Problem(f"the file cannot be read: {error.strerror}", "", str(path))) from None
        packed = self._raw.read(2) == b"\x1f\x8b"
        self._raw.seek(0)
        self._bytes = io.BufferedReader(gzip.GzipFile(fileobj=self._raw)) if packed else self._raw

    @property
    def position(self) -> int:
        """How many bytes of the file have been read, of `size`."""
        return self._raw.tell()

    def header(self) -> list[str] | None:
        """The columns of a CSV file; None for JSON, where every line has its own. Ask before the first row."""
        if self.kind == "json":
            return None
        start = self._bytes.peek(65_536)
        first = start.split(b"\n", 1)[0].decode("utf-8-sig", "replace").strip("\r")
        return next(csv.reader([first], delimiter=_delimiter(first)), [])

    def __iter__(self) -> Iterator[Row]:
        try:
            yield from self._json() if self.kind == "json" else self._csv()
        except (EOFError, gzip.BadGzipFile, OSError) as error:
            raise InputError(
                Problem(f"the file ends in the middle or is damaged: {error}", "get it again", str(self.path))
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bytes.close()
        self._raw.close()

    def _json(self) -> Iterator[Row]:
        number = 0
        while line := self._bytes.readline(MOST_IN_A_LINE + 1):
            if not line.strip():
                continue
            number += 1
            if len(line) > MOST_IN_A_LINE:
                while line and not line.endswith(b"\n"):
                    line = self._bytes.readline(MOST_IN_A_LINE)
                yield Row(number, {}, Problem(f"the line is longer than {MOST_IN_A_LINE:,} bytes", "an event has a few hundred"))
                continue
            try:
                value = read_json(line)
            except Unreadable as error:
                yield Row(number, {}, error.problems[0])
                continue
            if isinstance(value, dict):
                yield Row(number, value)
            else:
                yield Row(number, {}, Problem("the line is no JSON object", "write one event a line: {…}"))

    def _csv(self) -> Iterator[Row]:
        # Bytes that are no UTF-8 become half characters, which are refused with their row instead of ending the whole file.
        text = io.TextIOWrapper(self._bytes, encoding="utf-8-sig", errors="surrogateescape", newline="")
        try:
            yield from _cells(text)
        finally:
            text.detach()  # else it would close the file when it is thrown away, and not when __exit__ says so


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a file that is known to be good; InputError at the first that cannot be read."""
    with Rows(path) as rows:
        for row in rows:
            if row.problem is not None:
                raise InputError(Problem(row.problem.problem, row.problem.hint, f"{path}, row {row.number}"))
            yield row.values


def _cells(text: io.TextIOWrapper) -> Iterator[Row]:
    first = text.readline()
    reader = csv.reader(itertools.chain([first], text), delimiter=_delimiter(first), strict=True)
    columns = next(reader, [])
    number = 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            number += 1
            yield Row(number, {}, Problem(f"the row cannot be read: {error}", "check its quotes"))
            continue
        if not cells:
            continue
        number += 1
        if len(cells) != len(columns):
            what = f"the row has {len(cells)} cells, and the header {len(columns)}"
            yield Row(number, {}, Problem(what, "put cells that contain the separator in quotes"))
            continue
        yield Row(number, dict(zip(columns, cells, strict=True)))


def _kind(path: Path) -> str:
    suffixes = [s.lower() for s in path.suffixes]
    if suffixes[-1:] == [".gz"]:
        suffixes.pop()
    kind = FORMATS.get(suffixes[-1] if suffixes else "")
    if kind is None:
        hint = f"name it …{', …'.join(FORMATS)}, with .gz after it when it is packed"
        raise InputError(Problem("nobody can tell by the name what kind of file it is", hint, str(path)))
    return kind


def _delimiter(header: str) -> str:
    """Comma, semicolon or tab: which of them the header has most."""
    return max(",;\t", key=header.count)
