"""Charts of a backtest as SVG: touches over time, calls against people over the week, goals by step. Classes only, no style attributes.

Each says in its label what it shows, and each mark has its numbers as a title; the page has a table with the same beside it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape

from orchestrator.backtest.counting import Day, Reached
from orchestrator.backtest.desk_load import DAYS, Hour, Load
from orchestrator.backtest.words import ALL_THAT_CAME, CHANNELS

ORDER = ("call", "email", "text", "voice", "voicemail")  # from the axis upwards
WIDE, HIGH, LEFT, BOTTOM, TOP = 960, 220, 44, 24, 8
MOST_BARS = 62
CELL, ROW, SIDE, HEAD = 44, 34, 52, 22  # of the week
SHADES = 5
FUNNEL_ROW, NAMES = 30, 220
RATES = 170  # beside the longest bar


@dataclass(frozen=True, slots=True)
class Span:
    """One bar: a day, a week or a month."""

    start: date
    by_channel: Mapping[str, int]

    @property
    def all(self) -> int:
        """Touches of every channel."""
        return sum(self.by_channel.values())


def spans(days: Sequence[Day], most: int = MOST_BARS) -> tuple[str, Sequence[Span]]:
    """The days as bars, at most about so many: ("week", …). Days without touches are in it, with none."""
    if not days:
        return "day", []
    first, last = days[0].day, days[-1].day
    length = (last - first).days + 1
    every = "day" if length <= most else "week" if length <= most * 7 else "month"
    found: dict[date, Counter[str]] = {}
    for offset in range(length):
        found.setdefault(begin(first + timedelta(days=offset), every), Counter())
    for day in days:
        found[begin(day.day, every)].update(day.by_channel)
    return every, [Span(start, dict(counts)) for start, counts in found.items()]


def begin(day: date, every: str) -> date:
    """The first day of its day, week or month."""
    return day if every == "day" else day - timedelta(days=day.weekday()) if every == "week" else day.replace(day=1)


def over_time(days: Sequence[Day]) -> str:
    """Touches over time, one bar for each day, week or month, channels on top of each other."""
    every, bars = spans(days)
    most = _nice(max((bar.all for bar in bars), default=1))
    step = (WIDE - LEFT) / max(len(bars), 1)
    out = [_open(WIDE, HIGH, "chart over-time", f"Touches by {every}")]
    for part in range(5):
        n = most * part / 4
        y = _y(n, most)
        out.append(f'<path class="grid" d="M{LEFT} {y:g}H{WIDE}"/>')
        if n == int(n):
            out.append(_text(LEFT - 6, y + 4, "axis end", f"{int(n):,}"))
    for place, bar in enumerate(bars):
        x, base = LEFT + place * step, 0
        said = (
            ", ".join(f"{bar.by_channel[c]:,} {CHANNELS[c][bar.by_channel[c] != 1]}" for c in ORDER if bar.by_channel.get(c))
            or "nothing"
        )
        out.append(f"<g><title>{bar.start:%a %d %b %Y}: {escape(said)}</title>")
        for channel in ORDER:
            if n := bar.by_channel.get(channel, 0):
                top, bottom = _y(base + n, most), _y(base, most)
                out.append(
                    f'<rect class="{channel}" x="{x + step * 0.12:.2f}" y="{top:.2f}" width="{step * 0.76:.2f}" '
                    f'height="{max(bottom - top, 0.5):.2f}"/>'
                )
                base += n
        out.append("</g>")
    every_nth = math.ceil(len(bars) / 8)
    for place, bar in enumerate(bars):
        if place % every_nth == 0:
            words = f"{bar.start:%b %Y}" if every == "month" else f"{bar.start.day} {bar.start:%b}"
            out.append(_text(LEFT + (place + 0.5) * step, HIGH - 6, "axis middle", words))
    return "".join([*out, "</svg>"])


def week(load: Load, queue: str) -> str:
    """The hours of the week in one queue: the most calls that came in each, people below, and a frame where they are too few."""
    hours = [hour for hour in load.hours if hour.queue == queue]
    at = {(hour.weekday, hour.hour): hour for hour in hours}
    columns = sorted({hour.hour for hour in hours})
    columns = list(range(columns[0], columns[-1] + 1)) if columns else []
    rows = sorted({hour.weekday for hour in hours})
    most = max((hour.busiest for hour in hours), default=1)
    width, height = SIDE + CELL * len(columns), HEAD + ROW * len(rows)
    out = [_open(width, height, "chart week", f"Calls and people by hour of the week in {queue}")]
    out += [_text(SIDE + CELL * (i + 0.5), HEAD - 8, "axis middle", f"{hour:02}") for i, hour in enumerate(columns)]
    for r, weekday in enumerate(rows):
        y = HEAD + ROW * r
        out.append(_text(0, y + ROW / 2 + 4, "axis", DAYS[weekday][:3]))
        for c, hour in enumerate(columns):
            out += _cell(at.get((weekday, hour)), weekday, hour, SIDE + CELL * c, y, most)
    return "".join([*out, "</svg>"])


def goals(reached: Sequence[Reached]) -> str:
    """For each step: how many subjects it happened to, and how many of them had the goal later."""
    most = max((step.subjects for step in reached), default=1) or 1
    height = FUNNEL_ROW * len(reached)
    room = WIDE - NAMES - RATES
    out = [_open(WIDE, height, "chart goals", "Subjects at each step, and those with the goal later in history")]
    for place, step in enumerate(reached):
        y = FUNNEL_ROW * place
        name = step.touchpoint or ALL_THAT_CAME
        rate = f"{step.rate:.0%}" if step.rate is not None else "too late to know" if step.subjects else "nobody"
        said = f"{name}: {step.subjects:,} subjects, {step.goal_later:,} with the goal later"
        said += f"; {step.unknown:,} after the last event" if step.unknown else ""
        out.append(f"<g><title>{escape(said)}</title>")
        out.append(_text(NAMES - 10, y + 19, "axis end", name if len(name) <= 32 else name[:31] + "…"))
        out.append(f'<rect class="all" x="{NAMES}" y="{y + 5}" width="{room * step.subjects / most:.2f}" height="20"/>')
        out.append(f'<rect class="goal" x="{NAMES}" y="{y + 5}" width="{room * step.goal_later / most:.2f}" height="20"/>')
        out.append(_text(NAMES + room * step.subjects / most + 6, y + 19, "axis", f"{step.subjects:,} · {rate}"))
        out.append("</g>")
    return "".join([*out, "</svg>"])


def _cell(hour: Hour | None, weekday: int, at: int, x: float, y: float, most: int) -> Iterator[str]:
    calls, people = (hour.busiest, hour.people) if hour else (0, None)
    left = hour.left if hour else 0
    shade = math.ceil(calls / most * SHADES) if most else 0
    said = f"{DAYS[weekday]} {at:02}–{at + 1:02}: at most {calls:,} calls"
    said += f", {people:g} people" if people is not None else ""
    said += f"; {left:,} left over at its end" if left else ""
    yield f"<g><title>{escape(said)}</title>"
    yield f'<rect class="shade-{shade}" x="{x + 1:g}" y="{y + 1:g}" width="{CELL - 2}" height="{ROW - 2}" rx="4"/>'
    if calls:
        yield _text(x + CELL / 2, y + (15 if people is not None else 21), "calls middle", f"{calls:,}")
    if people is not None:
        yield _text(x + CELL / 2, y + 28, "people middle", f"{people:g} on" if people else "–")
    if left:
        yield f'<rect class="behind" x="{x + 2:g}" y="{y + 2:g}" width="{CELL - 4}" height="{ROW - 4}" rx="3"/>'
    yield "</g>"


def _open(width: float, height: float, kind: str, label: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{kind}" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(label, quote=True)}; the table says the same">'
    )


def _text(x: float, y: float, kind: str, words: str) -> str:
    return f'<text class="{kind}" x="{x:g}" y="{y:g}">{escape(words)}</text>'


def _y(n: float, most: float) -> float:
    return TOP + (HIGH - TOP - BOTTOM) * (1 - n / most)


def _nice(n: int) -> int:
    """The next number that four lines divide well: 4, 8, 20, 40, 80, 200 …"""
    power = 4
    while power < n:
        for factor in (2, 5, 10):
            if power * factor >= n or factor == 10:
                power *= factor
                break
    return power
