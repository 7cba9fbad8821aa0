"""The story on a screen: a ticker that scrolls by, how things stand beneath it, a summary at the end. Plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import date, datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from orchestrator.demo.company import DAYS, HERE, START, moment
from orchestrator.demo.watch import Counts, Moment, local_clock
from orchestrator.reports import Line

if TYPE_CHECKING:
    from orchestrator.demo.story import Step  # it loads the carrier, which no other command needs

STYLES = {
    "event": "blue", "e-mail": "green", "text": "green", "voice call": "green", "voicemail": "green", "call": "magenta",
    "call is due": "magenta",
    "put off": "yellow", "dated": "yellow", "called off": "cyan", "stop": "bold red", "not done": "yellow", "too late": "red",
    "passed on": "yellow", "no follow-up": "dim", "writes": "bold blue", "held": "yellow", "survey": "bold blue", "failed": "red",
}  # fmt: skip
SPECIAL = {
    date(2026, 11, 1): "clocks go back one hour", date(2026, 11, 11): "Veterans Day, closed", date(2026, 11, 26): "Thanksgiving, closed",
}  # fmt: skip
TELLING_S = 1.6  # how long one rests on what a scene has to say
_AWAKE, _ASLEEP = 1.0, 0.1  # how fast time is felt to pass by day and by night
_WIDEST, _BAR = 110, 28
_ZONE = ZoneInfo(HERE)


class Pace:
    """How long to wait, so that everything together takes about so many seconds and nights are short."""

    def __init__(self, seconds: float, tellings: int) -> None:
        self._rest = min(TELLING_S, seconds / 2 / max(tellings, 1))
        first = moment(START, "00:00", HERE)
        hours = [first + timedelta(hours=n) for n in range(24 * DAYS + 36)]
        self._first, self._felt = first, [0.0]
        for hour in hours:
            there = hour.astimezone(_ZONE)
            by_day = there.weekday() < 5 and 7 <= there.hour < 19
            self._felt.append(self._felt[-1] + (_AWAKE if by_day else _ASLEEP))
        self._per_hour = max(seconds - tellings * self._rest, 0.0) / self._felt[-1]

    def until(self, at: datetime) -> float:
        """Seconds from the beginning to this moment, rests not counted."""
        hours = (at - self._first).total_seconds() / 3600
        whole = min(max(int(hours), 0), len(self._felt) - 2)
        return self._per_hour * (self._felt[whole] + (self._felt[whole + 1] - self._felt[whole]) * (hours - whole))

    @property
    def rest(self) -> float:
        """Seconds for one telling."""
        return self._rest


class Ticker:
    """Shows steps as they come. Use as a context: on a terminal it keeps two lines at the bottom up to date."""

    def __init__(self, console: Console, pace: Pace | None) -> None:
        self._console, self._pace = console, pace
        self._live: AbstractContextManager[Live | None] = nullcontext()
        self._screen: Live | None = None
        self._day = START - timedelta(days=1)
        self._now = moment(START, "06:00", HERE)
        self._began = self._rested = 0.0
        self._counts = Counts()

    def __enter__(self) -> Ticker:
        if self._console.is_terminal:
            self._live = Live(
                console=self._console, auto_refresh=False, transient=True, get_renderable=self._standing, vertical_overflow="crop"
            )
        self._screen = self._live.__enter__()
        self._began = self._reading()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._live.__exit__(kind, error, trace)

    def show(self, step: Step) -> None:
        """Wait until it is time for this step, then show what happened."""
        self._wait(step.now)
        self._counts = step.counts
        if step.moments:
            self._days(step.now)
        for one in step.moments:
            self._console.print(line(one, self._width))
            if one.telling:
                self._console.print(_telling(one.telling))
                self._rest()
        self._refresh()

    @property
    def _width(self) -> int:
        return min(self._console.width, _WIDEST)

    def _days(self, now: datetime) -> None:
        """A line for each day that something happens on, and for days on which nothing may."""
        today = now.astimezone(_ZONE).date()
        while self._day < today:
            self._day += timedelta(days=1)
            if self._day == today or self._day in SPECIAL:
                self._console.print(_day_line(self._day, self._width))

    # -- time as a person feels it ----------------------------------------------------------------------------

    def _wait(self, to: datetime) -> None:
        if self._pace is None:
            self._now = to
            return
        since, target = self._now, self._pace.until(to)
        was = self._pace.until(since)
        while (left := target - (self._reading() - self._began - self._rested)) > 0:
            share = 1 - left / (target - was) if target > was else 1.0
            self._now = since + (to - since) * min(max(share, 0.0), 1.0)
            self._refresh()
            time.sleep(min(left, 0.08))
        self._now = to

    def _rest(self) -> None:
        if self._pace is not None:
            self._refresh()
            time.sleep(self._pace.rest)
            self._rested += self._pace.rest

    def _reading(self) -> float:
        return time.monotonic()  # clock: how fast a person sees it; nothing that happens depends on it

    # -- how things stand -------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        if self._screen is not None:
            self._screen.refresh()

    def _standing(self) -> RenderableType:
        total = DAYS * 24 * 3600.0
        done = (self._now - moment(START, "00:00", HERE)).total_seconds()
        here = self._now.astimezone(_ZONE)
        week = min(int(done // (7 * 24 * 3600)) + 1, DAYS // 7)
        head = Table.grid(padding=(0, 2))
        head.add_row(
            Text(f"{here:%a} {here.day:2} {here:%b %Y  %H:%M %Z}", style="bold"),
            ProgressBar(total=total, completed=min(done, total), width=_BAR, complete_style="cyan", finished_style="cyan"),
            Text(f"week {week} of {DAYS // 7}", style="dim"),
        )
        return Group(Text("─" * self._width, style="dim"), head, _counted(self._counts))


def line(one: Moment, width: int) -> Text:
    """One thing that happened, on one line: when by the customer's clock, what, who, why."""
    style = STYLES.get(one.word, "")
    faint = one.word in ("event", "no follow-up")
    text = Text(no_wrap=True).append(f"{local_clock(one.at, one.zone):10}", style="dim")
    text.append(f"{one.word:13}", style=style)
    text.append(f"{one.name:7}", style="bold" if not faint else "")
    room = width - text.cell_len
    why = one.text if len(one.text) <= room else f"{one.text[: room - 1]}…"
    return text.append(why, style="dim" if faint else "")


def summary(
    console: Console, touches: Sequence[tuple[str | None, str, int]], ended: Sequence[tuple[str, str | None, int]],
    put_off: Mapping[str, int], refused: Mapping[str, int],
) -> None:  # fmt: skip
    """What became of everything, in three tables."""
    console.print()
    made = _pivot([(point, _STATE_WORDS.get(state, state), n) for point, state, n in touches if point is not None])
    console.print(_table("What became of each touchpoint", "touchpoint", made, _STATE_ORDER))
    console.print()
    follow_ups = _pivot([(playbook, (reason or "open").replace("_", " "), n) for playbook, reason, n in ended])
    console.print(_table("How follow-ups ended", "playbook", follow_ups, _END_ORDER))
    console.print()
    rules = {rule: {"put off": put_off.get(rule, 0), "refused": refused.get(rule, 0)} for rule in sorted({*put_off, *refused})}
    console.print(_table("What policies said", "rule", rules, ("put off", "refused")))


def timeline(console: Console, title: str, subject: str, lines: Iterable[Line]) -> None:
    """One subject's story as the journal tells it."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    table.add_column(no_wrap=True, style="dim")
    table.add_column(no_wrap=True)
    table.add_column()
    for one in lines:
        if one.what == "going out":
            continue  # the next line says that it was sent
        when = one.local.replace(" 2026 ", " ")
        table.add_row(when, Text(one.what, style=_LINE_STYLES.get(one.what, "")), Text(_in_short(one)))
    console.print()
    console.print(Text(title, style="bold yellow"))
    console.print(Text(subject, style="dim"))
    console.print(table)


_LINE_STYLES = {
    "event": "blue", "sent": "green", "done": "magenta", "called off": "cyan", "put off": "yellow", "not done": "yellow",
    "planned": "dim", "going out": "dim", "waits for staff": "dim", "taken": "dim",
}  # fmt: skip
_STATE_WORDS = {
    "cancelled": "called off", "skipped": "not done", "expired": "too late", "planned": "waiting", "ready": "waiting",
    "in_call": "waiting", "sending": "waiting",
}  # fmt: skip
_STATE_ORDER = ("sent", "done", "called off", "not done", "too late", "failed", "unknown", "waiting")
_END_ORDER = ("goal", "stopped", "opted out", "exhausted", "expired", "superseded", "error", "open")


def _in_short(one: Line) -> str:
    """The why of a line without what only a machine needs."""
    why = one.why.partition("; all policies agree")[0].removeprefix("called off: ")
    if why.startswith("accepted as "):
        ref = why.removeprefix("accepted as ")
        why = f"{'Twilio' if ref.startswith(('SM', 'MM', 'CA')) else 'SendGrid'} has it, as {ref[:10]}…"
    return why if not one.about or one.about in why else f"{one.about}: {why}"


def _telling(says: str) -> Table:
    """A sentence beneath its line, in the column of the whys."""
    grid = Table.grid()
    grid.add_row(" " * 28, "[bold yellow]▸[/] ", Text(says, style="bold yellow"))
    return grid


def _day_line(day: date, width: int) -> Text:
    words = f"{day:%A} {day.day} {day:%B}" + (f" · {SPECIAL[day]}" if day in SPECIAL else "")
    return (
        Text("── ", style="dim")
        .append(words, style="bold" if day in SPECIAL else "")
        .append(" " + "─" * (width - len(words) - 4))
    )


def _counted(counts: Counts) -> Text:
    shown = (
        (counts.events, "events", "blue"), (counts.sent, "sent", "green"), (counts.calls, "calls", "magenta"),
        (counts.put_off, "put off", "yellow"), (counts.called_off, "called off", "cyan"), (counts.waiting, "waiting", ""),
    )  # fmt: skip
    text = Text(overflow="ellipsis", no_wrap=True)
    for number, word, style in shown:
        text.append(f"{number:3}", style=f"bold {style}").append(f" {word}  ", style="dim")
    return text


def _pivot(rows: Iterable[tuple[str, str, int]]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for name, column, number in rows:
        there = found.setdefault(name, {})
        there[column] = there.get(column, 0) + number
    return dict(sorted(found.items()))


def _table(title: str, first: str, rows: Mapping[str, Mapping[str, int]], columns: Sequence[str]) -> Table:
    """A row for each name, a column for each word that was needed."""
    used = [c for c in columns if any(row.get(c) for row in rows.values())]
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(first, no_wrap=True, overflow="ellipsis")
    for column in used:
        table.add_column(column, justify="right")
    for name, row in rows.items():
        table.add_row(name, *(str(row[c]) if row.get(c) else Text("·", style="dim") for c in used))
    return table
