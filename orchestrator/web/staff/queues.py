"""One queue with its calls in order, and what a lead does with one call: take it back, give it, hurry it, move it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.responses import Response

from orchestrator import board, leading
from orchestrator.core.roles import Right
from orchestrator.errors import NotFound
from orchestrator.holding import NotHeld
from orchestrator.rulebook import InUse
from orchestrator.store import board as asked
from orchestrator.store import journal
from orchestrator.store.database import Row, Work
from orchestrator.web.staff.board import labels, queue_path
from orchestrator.web.staff.here import Here
from orchestrator.web.staff.routes import StaffRoutes
from orchestrator.web.staff.shown import moment, plain

PAGE = 50  # calls at once
STATES = {  # "it …"
    "planned": "is not due yet",
    "ready": "waits in its queue",
    "in_call": "is with somebody",
    "filed": "has just been filed, and may still be undone",
    "unknown": "is over, and nobody said how it ended",
    "done": "is over",
    "failed": "failed",
    "skipped": "was skipped",
    "cancelled": "was called off",
    "expired": "was not made in time",
}


def add(routes: StaffRoutes) -> None:
    """The routes of this file."""

    @routes.get("/board/queues/{queue}", Right.SEE_BOARD, about="queue")
    def one(here: Here, queue: str) -> Response:
        return _list(here, queue, after=_id(here.asked("after")))

    @routes.post("/board/queues/{queue}", Right.SEE_BOARD, about="queue")
    def search(here: Here, queue: str) -> Response:
        """Posted, so that no customer's name stands in an address."""
        like = "".join(c for c in here.form.get("like", "") if c.isprintable())  # PostgreSQL refuses to look for a NUL
        return _list(here, queue, like=like.strip()[:200])

    @routes.get("/board/calls/{call}", Right.SEE_BOARD, about="call")
    def call(here: Here, call: UUID) -> Response:
        return here.parts.database.run(lambda work: _call(here, work, call))

    @routes.post("/board/calls/{call}/take-back", Right.RUN_DESK, about="call")
    def take_back(here: Here, call: UUID) -> Response:
        return _done(here, call, "taken-back", lambda: leading.take_back(here.parts, call, here.visitor.by))

    @routes.post("/board/calls/{call}/give", Right.RUN_DESK, about="call")
    def give(here: Here, call: UUID) -> Response:
        to = here.form.get("to", "") or None
        done = "given" if to else "given-anyone"
        return _done(here, call, done, lambda: leading.reassign(here.parts, call, to, here.visitor.by))

    @routes.post("/board/calls/{call}/priority", Right.RUN_DESK, about="call")
    def priority(here: Here, call: UUID) -> Response:
        said = here.form.get("priority", "")
        if said not in map(str, board.PRIORITIES):
            return here.refuse(422, "A priority is a number from 1 to 9.", "1 comes first. Choose one from the list.")
        return _done(here, call, "priority", lambda: leading.reprioritise(here.parts, call, int(said), here.visitor.by))

    @routes.post("/board/calls/{call}/queue", Right.RUN_DESK, about="call")
    def move(here: Here, call: UUID) -> Response:
        to = here.form.get("queue", "")
        known = here.parts.database.run(here.parts.rulebook.refresh).house.queues
        if to not in known:
            return here.refuse(422, "There is no such queue.", "Choose one from the list; house-rules.yaml names them.")
        return _done(here, call, "moved", lambda: leading.requeue(here.parts, call, to, here.visitor.by))


def why_not(refused: NotHeld, you: str) -> str:
    """ "Ari has it": what became of a call while somebody was about to change it."""
    who = refused.held_by
    if refused.state == "in_call" and who:
        return "You have this call now." if who == you else f"{who} has this call now."
    return f"Meanwhile it {STATES.get(refused.state, str(refused.state))}{f', by {who}' if who else ''}."


def _done(here: Here, call: UUID, done: str, do: Callable[[], NotHeld | None]) -> Response:
    refused = do()
    if refused is not None:
        return here.refuse(
            409, why_not(refused, here.visitor.name), "Nothing was changed. Look at the board: it shows how things stand."
        )
    return here.go(f"/board?done={done}")


def _list(here: Here, name: str, *, after: UUID | None = None, like: str = "") -> Response:
    def look(work: Work) -> Response:
        in_use = here.parts.rulebook.refresh(work)
        rows, whole = asked.search(work, name, like, PAGE + 1) if like else (asked.queue(work, name, PAGE + 1, after), True)
        zone = board.zone_name(in_use)
        known = in_use.house.queues.get(name)
        calls = [(row, _place(row, zone)) for row in rows[:PAGE]]
        more = rows[PAGE - 1].id if len(rows) > PAGE and not like else None
        return here.show(
            "board/queue.html", name=name, title=known.title if known else name, about=known.about if known else "", calls=calls,
            more=more, after=after, like=like, zone=zone, address=queue_path(name), cut=len(rows) > PAGE and bool(like), most=PAGE,
            whole=whole, searched=asked.SEARCHED,
        )  # fmt: skip

    return here.parts.database.run(look)


def _place(row: Row[Any], zone: str) -> str:
    due_by: datetime | None = row.expires_at
    return board.place_in_words(row.priority, moment(due_by, zone) if due_by else None)


def _call(here: Here, work: Work, id_: UUID) -> Response:
    row = asked.call(work, id_)
    if row is None:
        raise NotFound(f"there is no call {id_}")
    in_use = here.parts.rulebook.refresh(work)
    queue = str(row.queue)
    takers = [m for m in asked.people(work) if board.may_take(m, queue)] if here.visitor.may(Right.RUN_DESK) else []
    zone = board.zone_name(in_use)
    entries = journal.of_touch(work, id_)[-20:]
    return here.show(
        "board/call.html", call=row, state=STATES.get(row.state, row.state), place=_place(row, zone), zone=zone, takers=takers,
        priorities=board.PRIORITIES, queues=_titles(in_use), entries=entries[::-1], label=labels(in_use), queue_path=queue_path,
        dialled=row.dialled_at is not None or row.carrier_result is not None, who=plain(row.name or row.ref, 120),
    )  # fmt: skip


def _titles(in_use: InUse) -> dict[str, str]:
    return {name: queue.title for name, queue in in_use.house.queues.items()}


def _id(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
