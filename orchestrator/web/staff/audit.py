"""/audit: who changed what, and when; the same as a table for spreadsheets. Nobody can change it, so there is nothing to press."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode

from starlette.responses import Response

from orchestrator.core.roles import Right
from orchestrator.store import audit
from orchestrator.store.audit import Filter
from orchestrator.web.staff.csv import sheet
from orchestrator.web.staff.here import Here
from orchestrator.web.staff.routes import StaffRoutes

PAGE = 100
MOST_ROWS = 50_000  # of a file: what a spreadsheet opens without complaint
FIELDS = ("who", "what", "about", "since", "until")


def add(routes: StaffRoutes) -> None:
    """The pages of this file."""

    @routes.get("/audit", Right.SEE_AUDIT)
    def entries(here: Here) -> Response:
        asked, which = _asked(here), _filter(here)
        before = _number(here.asked("before"))
        rows = here.parts.database.run(lambda work: audit.page(work, which, before, PAGE + 1))
        older = urlencode({**asked, "before": rows[PAGE - 1].id}) if len(rows) > PAGE else ""
        return here.show(
            "audit.html",
            entries=rows[:PAGE],
            asked=asked,
            older=older,
            first=before is None,
            query=urlencode(asked),
            about=_about(here),
        )

    @routes.get("/audit.csv", Right.SEE_AUDIT)
    def table(here: Here) -> Response:
        which = _filter(here)
        rows = here.parts.database.run(lambda work: audit.page(work, which, None, MOST_ROWS))
        heads = ("at (UTC)", "who", "role", "what", "about", "said")
        cells = [(f"{r.at:%Y-%m-%d %H:%M:%S}", r.who, r.role, r.what, r.about, r.said) for r in rows]
        return sheet([heads, *cells], f"audit-{here.now:%Y-%m-%d}.csv")


def _asked(here: Here) -> dict[str, str]:
    return {name: here.asked(name).strip()[:320] for name in FIELDS if here.asked(name).strip()}


def _filter(here: Here) -> Filter:
    asked = _asked(here)
    until = _day(asked.get("until", ""))
    return Filter(
        who=asked.get("who"),
        what=asked.get("what"),
        about=asked.get("about"),
        since=_day(asked.get("since", "")),
        until=until + timedelta(days=1) if until else None,  # that day is meant, too
    )


def _about(here: Here) -> dict[str, str]:
    """Kinds of objects that have a page, and where it is: only what this visitor may open."""
    pages = {"customer": (Right.SEE_CUSTOMERS, "/customers/"), "member": (Right.MANAGE_PEOPLE, "/people/")}
    return {kind: path for kind, (right, path) in pages.items() if here.visitor.may(right)}


def _day(text: str) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except (ValueError, OverflowError):
        return None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
