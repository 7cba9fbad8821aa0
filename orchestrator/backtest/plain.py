"""A report as plain values, for JSON: the same keys in the same order on every run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta
from typing import Any

from orchestrator.backtest.counting import Line, Reached
from orchestrator.backtest.desk_load import Short
from orchestrator.backtest.difference import Difference, Figure
from orchestrator.backtest.report import Report

FORMAT = 1  # grows when a key changes its meaning or goes away; new keys may come at any time
# What is reckoned from the fields of each kind, and worth having in the file.
_ALSO: Mapping[type, Sequence[str]] = {
    Report: ("touches", "by_channel", "calendar_days"),
    Line: ("planned",),
    Reached: ("rate",),
    Short: ("words",),
    Figure: ("change",),
}


def as_json(report: Report, difference: Difference | None = None) -> str:
    """The report, and how it differs from another one, as one JSON object with a line end."""
    told = {"format": FORMAT, "report": plain(report), "difference": plain(difference) if difference is not None else None}
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"


def plain(value: object) -> Any:
    """Values as JSON has them: moments and days as ISO 8601, lengths of time in seconds, "try_" as "try"."""
    if is_dataclass(value) and not isinstance(value, type):
        names = [*(f.name for f in fields(value)), *_ALSO.get(type(value), ())]
        return {name.rstrip("_"): plain(getattr(value, name)) for name in names}
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, str) or not isinstance(value, Sequence):
        return value
    return [plain(one) for one in value]
