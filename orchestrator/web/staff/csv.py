"""Tables for spreadsheets, safe to open: no cell of ours is taken for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from starlette.responses import Response

from orchestrator.web.staff.shown import HEADERS

# What spreadsheets take for the beginning of a formula; the wide forms where people write Chinese or Japanese.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def sheet(rows: Iterable[Sequence[object]], name: str) -> Response:
    """The rows, heads first, as a file of that name (letters, digits, '-', '.'). Numbers stay numbers, None is empty."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([cell(value) for value in row] for row in rows)
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
    # The mark at the beginning: without it, spreadsheets read UTF-8 as something older.
    return Response("\ufeff" + text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def cell(value: object) -> object:
    """A value as it may stand in a cell."""
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value).replace("\x00", "")
    # Spaces before it change nothing for a spreadsheet.
    return f"'{text}" if text.lstrip(" \u00a0\ufeff").startswith(_FORMULAS) else text
