"""The backtest page of a playbook: its file over the events that came in here, with charts, and what differs from what is published."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from starlette.responses import Response

from orchestrator.backtest import charts
from orchestrator.backtest.report import Report
from orchestrator.backtest.words import CHANNELS, RULED, ended, far, not_started
from orchestrator.core.roles import Right
from orchestrator.core.zones import zone_of
from orchestrator.errors import NotFound, PlaybookError
from orchestrator.language.house_rules import HouseRules
from orchestrator.store import history_events, standing
from orchestrator.web.staff.at_once import ONE
from orchestrator.web.staff.here import Here
from orchestrator.web.staff.routes import StaffRoutes
from orchestrator.web.staff.studio_parts import opened

MOST_EVENTS = 5_000  # in one request: two or three seconds of a processor, twice when there is something to compare with
LOOKS_BACK = timedelta(days=90)
MOST_CUSTOMERS = 50  # shown by their id


def add(routes: StaffRoutes, most: int = MOST_EVENTS, busy: threading.Lock | None = None) -> None:
    """Declare the page. most: events in one request. busy: held while one runs."""
    page = _Page(most, busy or ONE)
    routes.get("/playbooks/{draft}/backtest", Right.WRITE_PLAYBOOKS, about="draft")(page.show)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form says."""

    since: date
    against: str  # "", "published", or the number of a version
    wrong: str = ""


class _Page:
    """One backtest at a time in this process: it takes a whole processor, and the desk needs one too."""

    def __init__(self, most: int, busy: threading.Lock) -> None:
        self._most, self._busy = most, busy

    def show(self, here: Here, draft: str) -> Response:
        from orchestrator import authoring

        found = opened(here, draft)
        if not found.is_playbook:
            raise NotFound("house rules and the lifecycle do nothing by themselves")
        numbers = here.parts.database.run(lambda work: [row.number for row in standing.version_rows(work, draft)])
        asked = _asked(here, numbers)
        known: dict[str, Any] = {
            "open": found, "asked": asked, "numbers": numbers, "events": None, "most": self._most, "answer": None, "busy": False,
            "problem": None, "command": _command(draft, asked),
        }  # fmt: skip
        try:
            design, files = authoring.load(here.settings.playbooks)
        except PlaybookError as wrong:
            return here.show("backtest/page.html", **known | {"problem": wrong.problems[0]})
        since = _midnight(asked.since, design.house_rules)
        events = here.parts.database.run(lambda work: history_events.count(work, since, self._most + 1))
        known["events"] = events
        if not here.asked("run") or asked.wrong or not 0 < events <= self._most:
            return here.show("backtest/page.html", **known)
        if not self._busy.acquire(blocking=False):
            return here.show("backtest/page.html", 503, **known | {"busy": True})
        try:
            from orchestrator.backtest.asking import Request, backtest

            request = Request(
                files=files, design=design, called="as its file says", playbook=draft, since=since, against=asked.against or None
            )
            answer = backtest(request, here.parts)
        finally:
            self._busy.release()
        return here.show("backtest/page.html", **known | {"answer": answer, **_shown(here, answer.report)})


def _shown(here: Here, report: Report) -> dict[str, Any]:
    member = here.visitor.member
    queues = dict.fromkeys(hour.queue for hour in report.desk.hours if hour.calls)
    every, bars = charts.spans(report.days)
    return {
        "report": report,
        "names_them": member.may(Right.SEE_CUSTOMERS) and member.every_queue,  # else customers are counted, not named
        "over_time": charts.over_time(report.days),
        "weeks": {queue: charts.week(report.desk, queue) for queue in queues},
        "goals": charts.goals(report.reached),
        "every": every,
        "bars": bars,
        "channels": {c: CHANNELS[c] for c in charts.ORDER if c in report.by_channel},
        "words": {"ruled": RULED, "ended": ended, "not_started": not_started, "far": far},
        "most_customers": MOST_CUSTOMERS,
    }


def _asked(here: Here, numbers: list[int]) -> Asked:
    against = here.asked("against", "published" if numbers and not here.asked("run") else "")
    if against not in ("", "published", *map(str, numbers)):
        against = ""
    if against == "published" and not numbers:
        against = ""
    earliest = here.now.date() - LOOKS_BACK
    try:
        since = date.fromisoformat(here.asked("since")) if here.asked("since") else earliest
    except ValueError:
        return Asked(earliest, against, "This is no day. Write it like 2026-01-31.")
    if since.year < 1970:
        return Asked(earliest, against, "That is too long ago.")
    return Asked(since, against)


def _midnight(day: date, rules: HouseRules) -> datetime:
    """When that day begins on the house's clock."""
    return datetime.combine(day, time(), zone_of(rules.clock) or UTC)


def _command(draft: str, asked: Asked) -> str:
    against = f" --against {asked.against}" if asked.against else ""
    return f"touchpoint backtest {draft} --from-database --since {asked.since}{against}"
