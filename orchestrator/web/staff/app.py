"""The staff's pages, put together. A new page is one file beside this one and one line in PAGES."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

from starlette.responses import Response
from starlette.routing import BaseRoute

from orchestrator.config import Settings
from orchestrator.parts import Parts
from orchestrator.web.answers import ErrorPage
from orchestrator.web.staff import (
    account,
    aside,
    audit,
    backtest,
    board,
    code,
    customer_acts,
    customers,
    desk,
    held,
    keys,
    people,
    playbooks,
    queues,
    rehearse,
    replies,
    shadows,
    sign_in,
    start,
    studio,
    studio_steps,
    studio_words,
    undecided,
    versions,
    versions_move,
    versions_past,
)
from orchestrator.web.staff.doors import Doors
from orchestrator.web.staff.objects import OBJECTS
from orchestrator.web.staff.routes import StaffRoutes
from orchestrator.web.staff.shown import Shown

PAGES: Sequence[Callable[[StaffRoutes], None]] = (
    start.add,
    desk.add,
    account.add,
    code.add,
    people.add,
    customers.add,
    customer_acts.add,
    playbooks.add,
    backtest.add,
    shadows.add,
    studio.add,
    studio_steps.add,
    studio_words.add,
    rehearse.add,
    versions.add,
    versions_past.add,
    versions_move.add,
    keys.add,
    audit.add,
    board.add,
    queues.add,
    held.add,
    replies.add,
    undecided.add,
    aside.add,
)
_ERRORS: Mapping[int, tuple[str, str]] = {
    401: ("This key is not known.", "People sign in; programs send a key with the scope read."),
    403: ("This is not allowed.", "Ask an admin."),
    404: ("There is nothing here.", "It may have been removed, or it is not yours to see."),
    405: ("This cannot be done here.", "Go back, reload the page and try again."),
    413: ("This is too much at once.", "Go back and send less text."),
    422: ("This cannot be read.", "Go back, reload the page and try again."),
    500: ("That did not work.", "The fault is ours. What you typed was perhaps not stored: go back and try again in a minute."),
    503: ("That did not work.", "The database cannot be reached. Go back and try again in a minute."),
}


def staff_routes(parts: Parts, settings: Settings, shown: Shown) -> StaffRoutes:
    """The route table with every page in it."""
    routes = StaffRoutes(parts, settings, shown, OBJECTS)
    for add in PAGES:
        add(routes)
    return routes


def doors(parts: Parts, settings: Settings, shown: Shown) -> Doors:
    """The table of the pages that need no sign-in."""
    table = Doors(parts, settings, shown)
    sign_in.add(table)
    return table


def mounted(parts: Parts, settings: Settings) -> tuple[Sequence[BaseRoute], ErrorPage]:
    """What the application mounts, and what it shows where a page of ours fails."""
    shown = Shown()
    public, staff = doors(parts, settings, shown), staff_routes(parts, settings, shown)
    paths = [*(door.path for door in public.table), *(declared.path for declared in staff.table)]
    ours = {path.split("/")[1] for path in paths}
    return [*public.routes(), *staff.routes()], partial(_error, shown, ours)


def _error(shown: Shown, ours: Collection[str], path: str, status: int) -> Response | None:
    """The page for an error at this path; None where programs ask."""
    if path.partition("/")[2].partition("/")[0] not in ours:
        return None
    problem, hint = _ERRORS.get(status, _ERRORS[500] if status >= 500 else ("This cannot be done.", "Go back and try again."))
    return shown.show("refused.html", status, problem=problem, hint=hint)
