"""/customers: find one, and see everything about them on one timeline, what is to come included. What changes them is in customer_acts.py."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from pydantic_core import to_jsonable_python
from starlette.responses import Response

from orchestrator import exporting, finding, history, person, reports
from orchestrator.by_hand import CHANNELS as BY_HAND
from orchestrator.by_person import CHANNELS
from orchestrator.core.roles import Right
from orchestrator.errors import NotFound
from orchestrator.sayings import words_of
from orchestrator.store import person as kept
from orchestrator.store.database import Row
from orchestrator.web.staff.csv import sheet
from orchestrator.web.staff.here import Here
from orchestrator.web.staff.routes import StaffRoutes
from orchestrator.web.staff.shown import HEADERS


def add(routes: StaffRoutes) -> None:
    """The pages of this file."""

    @routes.get("/customers", Right.SEE_CUSTOMERS)
    def search_page(here: Here) -> Response:
        return _found(here, "")

    @routes.post("/customers", Right.SEE_CUSTOMERS)  # posted: numbers and addresses do not belong into logs of addresses
    def search(here: Here) -> Response:
        return _found(here, here.form.get("q", ""))

    @routes.get("/customers/{customer}", Right.SEE_CUSTOMERS, about="customer")
    def one(here: Here, customer: UUID) -> Response:
        return show(here, customer)

    @routes.get("/customers/{customer}/past", Right.SEE_CUSTOMERS, about="customer")
    def past(here: Here, customer: UUID) -> Response:
        before = history.place(here.asked("before"))
        if not here.by_htmx:
            return show(here, customer, before=here.asked("before"))
        zone, page = person.past(here.parts, customer, before)
        return here.show("customers/past.html", page=page, zone=zone, customer=customer)

    @routes.get("/customers/{customer}/touches/{touch}", Right.SEE_CUSTOMERS, about="customer")
    def why(here: Here, customer: UUID, touch: UUID) -> Response:
        row, told = _touch(here, customer, touch)
        planned = row.state in kept.COMING and row.channel is not None and row.ended_at is None
        return here.show(
            "customers/why.html",
            why=told,
            row=row,
            zone=_zone(here, customer),
            customer=customer,
            channel=history.CHANNELS.get(row.channel, row.channel),
            state=history.state_words(row.state),
            planned=planned,
            words=words_of(here.parts, touch),
        )

    @routes.post("/customers/{customer}/export.json", Right.ERASE_CUSTOMERS, about="customer")
    def as_json(here: Here, customer: UUID) -> Response:
        everything = exporting.as_json(here.parts, customer, here.visitor.by)
        text = json.dumps(to_jsonable_python(everything), ensure_ascii=False, indent=2)
        headers = {**HEADERS, "Content-Disposition": f'attachment; filename="customer-{here.now:%Y-%m-%d}.json"'}
        return Response(text, media_type="application/json; charset=utf-8", headers=headers)

    @routes.post("/customers/{customer}/export.csv", Right.ERASE_CUSTOMERS, about="customer")
    def as_csv(here: Here, customer: UUID) -> Response:
        rows = exporting.as_rows(here.parts, customer, here.visitor.by)
        return sheet(rows, f"customer-{here.now:%Y-%m-%d}.csv")


def show(here: Here, customer: UUID, status: int = 200, *, before: str = "", **more: Any) -> Response:
    """A customer's page. more: what was just done, or what was wrong with a form."""
    someone, page = person.look(here.parts, customer, here.now, history.place(before))
    queues = here.parts.database.run(lambda work: here.parts.rulebook.refresh(work).house.queues)
    known = {"said": SAID.get(here.asked("done"), ""), "problems": {}, "open": "", **more}
    known["form"] = dict.fromkeys(FIELDS, "") | dict(known.get("form", {}))
    return here.show(
        "customers/one.html",
        status,
        who=someone,
        page=page,
        customer=customer,
        zone=someone.zone,
        queues=queues,
        channels=CHANNELS,
        ways=BY_HAND,
        titles=person.CHANNELS,
        form_key=str(here.parts.new_id()),
        later=bool(before),
        **known,
    )


# The fields of the forms on the page: what was typed comes back with what is wrong.
FIELDS = ("channel", "reason", "key", "subject", "words", "queue", "due_at")
# What a page says once after a change: ?done=…
SAID = {
    "stopped": "Done. Nothing goes out there any more.",
    "lifted": "Lifted. Contact is possible again, as far as they agreed to it.",
    "paused": "Paused. What is due waits; nothing is dropped.",
    "resumed": "It goes on. What waited is judged anew within a quarter of an hour.",
    "ended": "That follow-up is over.",
    "moved": "Moved.",
    "asked": "Asked for. It appears below in a moment, once it is planned.",
    "nothing": "Nothing was changed: it was so already.",
}


def _found(here: Here, typed: str) -> Response:
    rows = finding.find(here.parts, typed, here.visitor.member)
    return here.show("customers/list.html", block="found", rows=rows, typed=typed, looked=bool(typed.strip()))


def _touch(here: Here, customer: UUID, touch: UUID) -> tuple[Row[Any], reports.Why]:
    row = here.parts.database.run(lambda work: kept.touch_of(work, customer, touch))
    if row is None:
        raise NotFound("this customer has no such touch")
    return row, reports.why(here.parts, str(touch))


def _zone(here: Here, customer: UUID) -> str:
    row = here.parts.database.run(lambda work: kept.customer(work, customer))
    return person.zone_of(row) if row is not None else "UTC"
