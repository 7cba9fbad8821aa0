"""A backtest as text for a terminal: small tables and bars, eighty columns wide."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from orchestrator.backtest.charts import spans
from orchestrator.backtest.counting import OUTCOMES, Day
from orchestrator.backtest.desk_load import DAYS, Hour
from orchestrator.backtest.difference import Contacted, Difference, Figure, Moved
from orchestrator.backtest.report import Report
from orchestrator.backtest.samples import Sample
from orchestrator.backtest.words import ALL_THAT_CAME, CHANNELS, RULED, ended, far, not_started

WIDTH = 80
BAR = 30  # signs of the longest bar
MOST_BARS = 26
MOST_HOURS = 12  # columns of the week
MOST_NAMED = 10  # customers told by their id; all of them are in --json
MOST_FIGURES = 15  # of one kind, that change; likewise
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def show(out: Console, report: Report, difference: Difference | None) -> None:
    """Print all of it."""
    for part in _parts(report, difference):
        out.print(part, width=min(out.width, WIDTH) if out.is_terminal else WIDTH, soft_wrap=False)
        out.print()


def _parts(report: Report, difference: Difference | None) -> Iterator[RenderableType]:
    yield _head(report)
    yield _lines(report)
    if report.days:
        yield _bars(report.days)
    yield _desk(report)
    yield _rules(report)
    yield _overlaps(report)
    yield _exits(report)
    if difference is not None:
        yield from _difference(difference)
    for number, sample in enumerate(report.samples, 1):
        yield _sample(number, sample, report)
    yield _sentences("What this cannot know", report.cannot_know)


def _head(report: Report) -> RenderableType:
    names = ", ".join(f"{name} ({report.labels[name]})" for name in report.playbooks)
    beside = f" Beside it ran {', '.join(report.beside)}." if report.beside else ""
    channels = ", ".join(_many(n, *CHANNELS[channel]) for channel, n in report.by_channel.items())
    return Group(
        Text(f"Backtest of {names}", style="bold"),
        Text(
            f"{report.first_day} to {report.last_day}: {_many(report.events, 'event')}, {_many(report.follow_ups, 'follow-up')}, "
            f"{_many(len(report.customers), 'customer')} contacted.{beside}"
        ),
        Text(f"{_many(report.touches, 'touch', 'touches')}: {channels}." if channels else "Nobody would have been contacted."),
        *([_not_started(report)] if report.not_started else []),
    )


def _not_started(report: Report) -> RenderableType:
    why = "; ".join(f"{n:,} because {not_started(what)}" for what, n in report.not_started.items())
    return Text(f"Start events that led to nothing: {why}.")


def _lines(report: Report) -> RenderableType:
    used = [name for name in OUTCOMES if name == "made" or any(getattr(line, name) for line in report.lines)]
    table = _table("touchpoint", *used)
    for line in report.lines:
        table.add_row(Text(f"{line.touchpoint} ({CHANNELS[line.channel][0]})"), *(_number(getattr(line, name)) for name in used))
    return table


def _bars(days: Sequence[Day]) -> RenderableType:
    """Touches by day, week or month, whatever fits."""
    every, those = spans(days, MOST_BARS)
    most = max(span.all for span in those)
    table = _table(f"touches by {every}", "", "")
    table.columns[1].justify = "left"
    for span in those:
        when = f"{span.start:%Y-%m}" if every == "month" else f"{span.start:%a %Y-%m-%d}"
        table.add_row(when, _bar(span.all, most), f"{span.all:,}")
    return table


def _bar(n: int, most: int) -> Text:
    eighths = round(n / most * BAR * 8) if most else 0
    return Text("█" * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else ""), style="cyan")


def _desk(report: Report) -> RenderableType:
    desk, zone = report.desk, report.time_zone
    if not desk.calls:
        return Text("No calls for staff.")
    source = "the house rules" if desk.stated else "the calls of this run"
    said: list[RenderableType] = [
        Text("Calls and people on the desk", style="bold"),
        Text(
            f"{_many(desk.calls, 'call')}; {desk.minutes_per_call:.1f} minutes each, say {source}. Hours as the clock in {zone} shows."
        ),
    ]
    if desk.short:
        days = f"{report.first_day} to {report.last_day}"
        said.append(Text(f"More calls than people can make, on the worst day of each kind, {days}:", style="yellow"))
    for s in desk.short[:MOST_NAMED]:
        left = s.calls - s.can_make
        said.append(Text(f"  {s.queue}: {s.words} ({s.on}; {left:,} left over; so on {s.times} of {s.of})"))
    if desk.unstaffed:
        said.append(Text(f"house-rules.yaml names nobody for {', '.join(desk.unstaffed)} (desk: staff:)."))
    elif not desk.short:
        said.append(Text("There are always enough people for them.", style="green"))
    return Group(*said, "", *(_week(queue, hours) for queue, hours in _by_queue(desk.hours)))


def _by_queue(hours: Sequence[Hour]) -> Iterator[tuple[str, list[Hour]]]:
    found: dict[str, list[Hour]] = defaultdict(list)
    for hour in hours:
        found[hour.queue].append(hour)
    return ((queue, those) for queue, those in found.items() if any(h.calls for h in those))


def _week(queue: str, hours: Sequence[Hour]) -> RenderableType:
    """The most calls that came in each hour, with the people there below."""
    by_hour: Counter[int] = Counter()
    for one in hours:
        by_hour[one.hour] += one.calls
    shown = sorted(h for h, _ in sorted(by_hour.items(), key=lambda item: (-item[1], item[0]))[:MOST_HOURS])
    at = {(one.weekday, one.hour): one for one in hours}
    table = _table(f"{queue}, most", *(f"{h:02}" for h in shown))
    for weekday in sorted({one.weekday for one in hours}):
        cells = [at.get((weekday, hour)) for hour in shown]
        table.add_row(DAYS[weekday][:3], *(f"{c.busiest:,}" if c and c.busiest else "·" for c in cells))
        if any(c and c.people for c in cells):
            table.add_row("  people", *(f"{c.people:g}" if c and c.people else "" for c in cells), style="dim")
    return table


def _rules(report: Report) -> RenderableType:
    if not report.rules:
        return Text("Nothing was put off, nothing refused, and nothing came too late.")
    lines: list[RenderableType] = [Text("Capped, put off, refused, too late", style="bold")]
    for rule in report.rules:
        lines.append(
            Text(f"{RULED[rule.what]}: {rule.rule}, {_many(rule.times, 'time')}, {_many(len(rule.customers), 'customer')}")
        )
        where = ", ".join(f"{name} {n:,}" for name, n in rule.touchpoints.items())
        said = (Text(where), Text(f"customers: {_some(rule.customers)}"), Text(f"once: {rule.example}", style="dim"))
        lines += [Padding(text, (0, 0, 0, 2)) for text in said]
    return Group(*lines)


def _overlaps(report: Report) -> RenderableType:
    if not report.overlaps:
        return Text("No customer was contacted by two playbooks on one day.")
    table = _table("two playbooks, one customer, one day", "times", "customers")
    for o in report.overlaps:
        who, day = o.example
        pair = f"{o.playbook} and {o.other}" if len(report.playbooks) > 1 else o.other
        table.add_row(Text(f"{pair} (e.g. {who} on {day})"), f"{o.days:,}", f"{o.customers:,}")
    return table


def _exits(report: Report) -> RenderableType:
    several = len(report.playbooks) > 1
    table = _table("how follow-ups ended", "")
    for end in report.exits:
        table.add_row(Text(f"{f'{end.playbook}: ' if several else ''}{ended(end.reason)}"), f"{end.follow_ups:,}")
    unknown = any(step.unknown for step in report.reached)
    steps = _table(
        "of the subjects that reached a step", "subjects", *(["unknown"] if unknown else []), "goal later", "half within"
    )
    for step in report.reached:
        name = step.touchpoint or f"{step.playbook}: {ALL_THAT_CAME}"
        rate = f"{step.rate:.0%}" if step.rate is not None else "·"
        half = f"{step.days_until:g} days" if step.days_until is not None else "·"
        steps.add_row(Text(name), f"{step.subjects:,}", *([_number(step.unknown)] if unknown else []), rate, half)
    said = "Goal later: had the goal after that step, in history. No effect of the step; see below."
    if unknown:
        said += f" Unknown: reached it when history was over (last event: {report.history_ends}); they are not in the rate."
    return Group(table, "", steps, Text(said, style="dim"))


def _difference(difference: Difference) -> Iterator[RenderableType]:
    against = difference.against
    names = ", ".join(f"{name} ({against.labels[name]})" for name in against.playbooks)
    if difference.nothing:
        yield Group(Text(f"Against {names}", style="bold"), Text("No difference: the same touches at the same moments."))
        return
    counts = ", ".join(f"{n:,} {kind}" for kind, n in difference.touches.items())
    table = _table("", "before", "now", "change")
    for about, those in groupby((f for f in difference.figures if f.change), key=lambda f: f.about):
        table.add_row(Text(about, style="bold"))
        _add(table, list(those))
    yield Group(Text(f"Against {names}", style="bold"), Text(f"Touches: {counts}."), table)
    shifts = _table("touchpoint", "same", "new", "gone", "earlier", "later", "mostly by")
    for s in difference.shifts:
        numbers = (_number(n) for n in (s.same, s.new, s.gone, s.earlier, s.later))
        shifts.add_row(Text(s.touchpoint), *numbers, far(s.typical) if s.typical is not None else "")
    yield shifts
    yield Group(_contacted("more", difference.more), _contacted("less", difference.fewer))
    yield Group(Text("For example", style="bold"), *(Text(f"  {_moved(m)}") for m in difference.examples))


def _add(table: Table, figures: Sequence[Figure]) -> None:
    for f in figures[:MOST_FIGURES]:
        table.add_row(Text(f"  {f.name}"), f"{f.before:,g}", f"{f.after:,g}", f"{f.change:+,g}")
    if len(figures) > MOST_FIGURES:
        table.add_row(Text(f"  and {len(figures) - MOST_FIGURES:,} more, in --json", style="dim"))


def _contacted(how: str, those: Sequence[Contacted]) -> Text:
    named = _some([f"{c.customer} ({c.before} → {c.after})" for c in those])
    return Text(f"Contacted {how} often than before: {_many(len(those), 'customer')}{f': {named}' if those else ''}.")


def _moved(m: Moved) -> str:
    what = f"{m.subject}: {m.touchpoint}{f' ({m.try_})' if m.try_ > 1 else ''}"
    if m.before is None:
        return f"{what} is new, {m.after:%Y-%m-%d %H:%M} UTC"
    if m.after is None:
        return f"{what} is gone, was {m.before:%Y-%m-%d %H:%M} UTC"
    return f"{what} moves {far(m.after - m.before)}, from {m.before:%Y-%m-%d %H:%M} to {m.after:%Y-%m-%d %H:%M} UTC"


def _sample(number: int, sample: Sample, report: Report) -> RenderableType:
    like = f"{_many(sample.like_it, 'follow-up')} of {report.follow_ups:,} went this way"
    head = Text(f"Sample {number} · {sample.subject} · customer {sample.customer} · {like}", style="bold")
    table = Table.grid(padding=(0, 1))
    for m in sample.moments:
        said = f"{m.touchpoint}: {m.what}" if m.touchpoint else m.what
        table.add_row(f"  {m.at:%a %Y-%m-%d %H:%M}", Text.assemble(said, (f" ({m.why})", "dim") if m.why else ""))
    return Group(head, table)


def _some(those: Sequence[str]) -> str:
    more = f" and {len(those) - MOST_NAMED:,} more" if len(those) > MOST_NAMED else ""
    return ", ".join(those[:MOST_NAMED]) + more


def _sentences(title: str, sentences: Iterable[str]) -> RenderableType:
    table = Table.grid(padding=(0, 1))
    for sentence in sentences:
        table.add_row("-", Text(sentence))
    return Group(Text(title, style="bold"), table)


def _table(first: str, *others: str) -> Table:
    table = Table(first, *others, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in table.columns[1:]:
        column.justify = "right"
        column.no_wrap = True
    return table


def _number(n: int) -> str:
    return f"{n:,}" if n else ""


def _many(n: int, one: str, many: str = "") -> str:
    return f"{n:,} {one if n == 1 else many or one + 's'}"
