"""What staff change about one customer: each is a form, each is confirmed by what it says or can be taken back, each is on record."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from starlette.responses import Response

from orchestrator import by_hand, by_person, erasing, person
from orchestrator.by_person import CannotMove
from orchestrator.core.roles import Right
from orchestrator.core.windows import local_words
from orchestrator.core.zones import zone_of
from orchestrator.errors import InputError, Problem
from orchestrator.store import erasure
from orchestrator.store import person as kept
from orchestrator.store.database import Work
from orchestrator.web.staff.customers import show
from orchestrator.web.staff.here import Here
from orchestrator.web.staff.routes import StaffRoutes


def add(routes: StaffRoutes) -> None:
    """The forms of a customer's page."""

    @routes.post("/customers/{customer}/stop", Right.STOP_CUSTOMERS, about="customer")
    def stop(here: Here, customer: UUID) -> Response:
        try:
            by_person.stop(here.parts, customer, here.form.get("channel", ""), here.visitor.by)
        except InputError as wrong:
            return _again(here, customer, "stop", wrong)
        return _done(here, customer, "stopped")

    @routes.post("/customers/{customer}/lift", Right.CHANGE_CUSTOMERS, about="customer")
    def lift(here: Here, customer: UUID) -> Response:
        try:
            done = by_person.lift(
                here.parts, customer, here.form.get("channel", ""), here.form.get("reason", ""), here.visitor.by
            )
        except InputError as wrong:
            return _again(here, customer, "lift", wrong)
        return _done(here, customer, "lifted" if done else "nothing")

    @routes.post("/customers/{customer}/pause", Right.CHANGE_CUSTOMERS, about="customer")
    def pause(here: Here, customer: UUID) -> Response:
        done = by_person.hold(here.parts, customer, here.visitor.by)
        return _done(here, customer, "paused" if done else "nothing")

    @routes.post("/customers/{customer}/resume", Right.CHANGE_CUSTOMERS, about="customer")
    def resume(here: Here, customer: UUID) -> Response:
        done = by_person.resume(here.parts, customer, here.visitor.by)
        return _done(here, customer, "resumed" if done else "nothing")

    @routes.post("/customers/{customer}/end", Right.STOP_CUSTOMERS, about="customer")
    def end(here: Here, customer: UUID) -> Response:
        done = by_person.end_run(here.parts, customer, _id(here.form.get("run", "")), here.visitor.by)
        return _done(here, customer, "ended" if done else "nothing")

    @routes.post("/customers/{customer}/touches/{touch}/move", Right.CHANGE_CUSTOMERS, about="customer")
    def move(here: Here, customer: UUID, touch: UUID) -> Response:
        zone = _zone(here, customer)
        try:
            to = here.now if here.form.get("now") else _moment(here.form.get("at", ""), zone)
        except InputError as wrong:
            return _moving(here, customer, touch, zone, None, wrong.problems[0].problem)
        if here.form.get("sure"):
            done = by_person.move(here.parts, customer, touch, to, here.visitor.by)
            if not isinstance(done, CannotMove):
                return _done(here, customer, "moved")
            return _moving(here, customer, touch, zone, None, done.why)
        verdict = by_person.can_move(here.parts, customer, touch, to)
        if isinstance(verdict, CannotMove):
            return _moving(here, customer, touch, zone, None, verdict.why)
        return _moving(here, customer, touch, zone, verdict, "", asked=to)

    @routes.post("/customers/{customer}/by-hand", Right.CHANGE_CUSTOMERS, about="customer")
    def ask(here: Here, customer: UUID) -> Response:
        form = here.form
        zone = _zone(here, customer)
        try:
            due = _moment(form["due_at"], zone, "due_at") if form.get("due_at") else None
            channel = form.get("channel", "")
            wanted = by_hand.Wanted(
                channel=channel,
                words=form.get("words", ""),
                subject=form.get("subject", "") if channel != "text" else "",
                goal=form.get("goal", "") if channel == "call" else "",
                queue=form.get("queue", "") if channel == "call" else "",
                due_at=due,
            )
            _ask(here, customer, wanted)
        except InputError as wrong:
            return _again(here, customer, "by-hand", wrong)
        return _done(here, customer, "asked")

    @routes.get("/customers/{customer}/erase", Right.ERASE_CUSTOMERS, about="customer")
    def erase_page(here: Here, customer: UUID) -> Response:
        return _erasing(here, customer)

    @routes.post("/customers/{customer}/erase", Right.ERASE_CUSTOMERS, about="customer")
    def erase(here: Here, customer: UUID) -> Response:
        try:
            done = erasing.erase(here.parts, customer, here.form.get("ref", ""), here.visitor.by)
        except InputError as wrong:
            return _erasing(here, customer, 422, wrong=f"{wrong.problems[0].problem}: {wrong.problems[0].hint}")
        if isinstance(done, erasing.UnderWay):
            return _erasing(here, customer, 409, under_way=done.what)
        here.parts.wake({"upkeep"})
        return here.go(f"/customers/{customer}")


def _ask(here: Here, customer: UUID, wanted: by_hand.Wanted) -> None:
    key = here.form.get("key", "")
    if not key or len(key) > 100:
        raise InputError(Problem("this form is not ours", "reload the page", "key"))

    def unit(work: Work) -> None:
        in_use = here.parts.rulebook.refresh(work)
        by_hand.ask_for(here.parts, work, in_use, customer, wanted, here.visitor.by, key, here.now)

    here.parts.database.run(unit)
    here.parts.wake({"upkeep"})


def _moving(
    here: Here,
    customer: UUID,
    touch: UUID,
    zone: str,
    verdict: by_person.CanMove | None,
    problem: str,
    asked: datetime | None = None,
) -> Response:
    """What the policies say to the moment, and the button that does it."""
    row = here.parts.database.run(lambda work: kept.touch_of(work, customer, touch))
    status = 200 if verdict is not None else 422
    words = local_words(verdict.at, zone, here.now) if verdict is not None else ""
    return here.show(
        "customers/move.html", status, customer=customer, touch=touch, row=row, zone=zone, verdict=verdict, problem=problem, words=words,
        asked=asked,
    )  # fmt: skip


def _erasing(here: Here, customer: UUID, status: int = 200, *, wrong: str = "", under_way: object = ()) -> Response:
    def unit(work: Work) -> tuple[object, object]:
        row = kept.customer(work, customer)
        return row, kept.sharing(work, customer, row.email, row.phone) if row is not None else []

    row, sharing = here.parts.database.run(unit)
    gone = here.parts.database.run(lambda work: erasure.is_erased(work, customer))
    return here.show(
        "customers/erase.html", status, customer=customer, row=row, sharing=sharing, gone=gone, wrong=wrong, under_way=under_way
    )


def _again(here: Here, customer: UUID, which: str, wrong: InputError) -> Response:
    """The page with the form as it was sent, and what is wrong with it."""
    problems = {p.place or which: f"{p.problem}: {p.hint}" if p.hint else p.problem for p in wrong.problems}
    return show(here, customer, 422, problems=problems, open=which, form=dict(here.form))


def _done(here: Here, customer: UUID, what: str) -> Response:
    return here.go(f"/customers/{customer}?done={what}")


def _zone(here: Here, customer: UUID) -> str:
    row = here.parts.database.run(lambda work: kept.customer(work, customer))
    return person.zone_of(row) if row is not None else "UTC"


def _moment(text: str, zone: str, place: str = "at") -> datetime:
    """A moment on the wall in that zone, as browsers send it: 2026-11-23T10:30. Of a time shown twice, the first."""
    try:
        wall = datetime.fromisoformat(text)
        if wall.tzinfo is not None:
            return wall.astimezone(UTC)
        return wall.replace(tzinfo=zone_of(zone) or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InputError(Problem("this is no moment", "choose a day and a time", place)) from None


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InputError(Problem("this is no follow-up", "reload the page", "run")) from None
