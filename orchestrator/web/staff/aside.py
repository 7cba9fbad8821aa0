"""What was set aside because it could not be handled: events of the business, and deliveries of providers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from starlette.responses import Response

from orchestrator import board, engine
from orchestrator.core.roles import Right
from orchestrator.errors import NotFound
from orchestrator.store import board as asked
from orchestrator.store import events, inbox
from orchestrator.store.database import Work
from orchestrator.web.staff.here import Here
from orchestrator.web.staff.routes import StaffRoutes

DONE = {
    "handled": "It was handled this time.",
    "again": "It was tried again and failed again: it is on the list with its newest error.",
    "waits": "It is tried again within a second or two. Reload the page to see what became of it.",
    "away": "It was put away.",
}


BECAME = {"handled": "handled", "set_aside": "again"}  # state -> what is said of it


def add(routes: StaffRoutes) -> None:
    """The routes of this file."""

    @routes.get("/set-aside", Right.SEE_BOARD)
    def show(here: Here) -> Response:
        def look(work: Work) -> Response:
            zone = board.zone_name(here.parts.rulebook.refresh(work))
            return here.show(
                "board/aside.html", events=asked.events_aside(work), deliveries=inbox.aside(work), zone=zone, done=DONE.get(here.asked("done")),
            )  # fmt: skip

        return here.parts.database.run(look)

    @routes.get("/set-aside/events/{event}", Right.SEE_BOARD, about="event")
    def one_event(here: Here, event: UUID) -> Response:
        def look(work: Work) -> Response:
            row = asked.one_event(work, event)
            if row is None:
                raise NotFound(f"there is no event {event}")
            body = {"type": row.type, "subject": row.subject, "time": row.occurred_at, "customer": row.said, "data": row.data}
            return here.show(
                "board/event.html", row=row, body=_readable(body), zone=board.zone_name(here.parts.rulebook.refresh(work))
            )

        return here.parts.database.run(look)

    @routes.post("/set-aside/events/{event}", Right.RUN_DESK, about="event")
    def retry(here: Here, event: UUID) -> Response:
        def release(work: Work) -> bool:
            released = events.release(work, event)
            if released:
                here.note(work, "event.retried", f"event:{event}", f"{here.visitor.name} had an event tried again")
            return released

        if not here.parts.database.run(release):
            return here.refuse(
                409, "That event is not set aside any more.", "Somebody had it tried before you. Nothing was changed."
            )
        engine.retry_waiting(here.parts)
        row = here.parts.database.run(lambda work: asked.one_event(work, event))
        return here.go(f"/set-aside?done={BECAME.get(row.state, 'waits') if row else 'waits'}")

    @routes.get("/set-aside/deliveries/{delivery}", Right.SEE_BOARD, about="delivery")
    def one_delivery(here: Here, delivery: str) -> Response:
        def look(work: Work) -> Response:
            row = asked.one_delivery(work, int(delivery))
            if row is None:
                raise NotFound(f"there is no delivery {delivery}")
            zone = board.zone_name(here.parts.rulebook.refresh(work))
            return here.show("board/delivery.html", row=row, body=_readable(row.body), zone=zone)

        return here.parts.database.run(look)

    @routes.post("/set-aside/deliveries/{delivery}", Right.RUN_DESK, about="delivery")
    def again(here: Here, delivery: str) -> Response:
        """Try it again, or put it away."""
        away = here.form.get("do") == "away"
        name, words = ("delivery.put_away", "put away") if away else ("delivery.retried", "had tried again")

        def change(work: Work) -> bool:
            note = f"{here.visitor.name} put it away"
            done = inbox.put_away(work, int(delivery), note) if away else inbox.release(work, int(delivery), here.now)
            if done:
                here.note(work, name, f"delivery:{delivery}", f"{here.visitor.name} {words} what a provider had posted")
            return done

        if not here.parts.database.run(change):
            return here.refuse(
                409, "That delivery is not set aside any more.", "Somebody dealt with it before you. Nothing was changed."
            )
        if away:
            return here.go("/set-aside?done=away")
        here.parts.wake({"inbox"})
        return here.go("/set-aside?done=waits")


def _readable(body: Mapping[str, Any]) -> str:
    """As JSON, a field a line; whatever is in it is shown as text."""
    return to_json(body, indent=2).decode()
