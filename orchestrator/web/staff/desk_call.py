"""The page of one call: everything to know, the script, the line, and how it ended. Only whoever has the call sees it."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from starlette.responses import Response

from orchestrator import bridging, briefing, desk, filing, sheets
from orchestrator.briefing import Brief
from orchestrator.core.model import TouchState
from orchestrator.core.numbers import why_not
from orchestrator.core.roles import Right
from orchestrator.core.zones import normal_phone
from orchestrator.errors import InputError, NotFound, Problem
from orchestrator.holding import WEB_LEASE, NotHeld, at_most_until
from orchestrator.language.script import Script, Section
from orchestrator.store import staff
from orchestrator.store.database import Work
from orchestrator.store.sheets import Sheet
from orchestrator.web.staff import desk_forms as forms
from orchestrator.web.staff import desk_words as words
from orchestrator.web.staff.desk_forms import Typed
from orchestrator.web.staff.desk_lost import not_theirs
from orchestrator.web.staff.here import Here
from orchestrator.web.staff.routes import StaffRoutes

# Why a call is put back, as it stands in the audit trail: nobody's own words, which could be about the customer.
REASONS: Mapping[str, str] = {
    "not_mine": "Somebody else should make it",
    "bad_moment": "It is not a good moment for it",
    "trouble": "My telephone does not work",
    "slip": "I took it by mistake",
}
LINES: Mapping[str, str] = {
    "reading": "Not dialled yet",
    "dialling": "Your telephone rings",
    "ringing": "It rings at theirs",
    "talking": "On the line",
    "wrap_up": "Over",
    "filed": "Filed",
    "left": "Not yours any more",
}
OPEN = frozenset({"dialling", "ringing", "talking"})


@dataclass(frozen=True, slots=True)
class Line:
    """What the panel of the telephone shows."""

    phase: str
    words: str
    number: str  # its end hidden
    against: str | None = None  # why it may not be dialled now
    bridge: bool = False  # whether a provider can connect the two telephones
    ask_phone: bool = False  # whose own telephone is not known yet
    by_hand: bool = False
    tel: str = ""  # the whole number, once the server has said yes
    just: bool = False  # it said so right now
    next: Sequence[tuple[str, str]] = ()  # phases to set by hand, with the words of the button
    since: datetime | None = None
    until: datetime | None = None  # when the time to wrap up is over
    hint: str = ""
    held_until: datetime | None = None  # when nobody touches the page any more
    at_most: datetime | None = None  # whatever they do; None: until the line ends

    @property
    def open(self) -> bool:
        """Whether a line is, or may be, open."""
        return self.phase in OPEN


def add(routes: StaffRoutes) -> None:
    """The routes of this file."""
    at = "/desk/calls/{call}"
    routes.get(at, Right.WORK_CALLS, about="call")(show)
    routes.get(f"{at}/line", Right.WORK_CALLS, about="call")(line)
    for name, page in (
        ("sheet", keep), ("take-over", take_over), ("renew", renew), ("dial", dial), ("dial-by-hand", dial_by_hand),
        ("phase", phase), ("file", file), ("put-back", put_back),
    ):  # fmt: skip
        routes.post(f"{at}/{name}", Right.WORK_CALLS, about="call")(page)


def call_path(call: UUID) -> str:
    """Where a call's page is."""
    return f"/desk/calls/{call}"


def show(here: Here, call: UUID) -> Response:
    """The page, for whoever has the call; who has it, for everybody else who may know."""
    return _page(here, call)


def _page(here: Here, call: UUID, status: int = 200, *, typed: Typed | None = None, problems: Sequence[Problem] = ()) -> Response:
    brief = briefing.brief(here.parts, call, None if typed is None else typed.answers)
    if brief is None:
        raise NotFound(f"there is no call {call}")
    if not _theirs(here, brief.state, brief.held_by):
        return not_theirs(here, call, NotHeld(brief.state, brief.held_by))
    wrong, top = _placed(problems, brief)
    shown = typed or words.on(brief.sheet)
    line = _line(here, brief.sheet, brief.person.phone, None if brief.person.hours.open else brief.person.hours.words)
    at_most = at_most_until(brief.sheet, brief.rules_of.house.rules)
    return here.show(
        "desk/call.html", status, block="main", brief=brief, call=call, typed=shown, top=top, problem="",
        line=replace(line, held_until=brief.lease_until, at_most=at_most), filed=filing.last_filed(here.parts, here.visitor.name),
        **_script(_asking(brief.script, wrong), shown, wrong), groups=forms.ENDINGS, scopes=forms.SCOPES, feelings=forms.FEELINGS,
        reasons=list(REASONS.items()),
    )  # fmt: skip


def _theirs(here: Here, state: TouchState, held_by: str | None) -> bool:
    """Whoever has it; and whoever had it last, while nobody has said how it ended."""
    return held_by == here.visitor.name and state in (TouchState.IN_CALL, TouchState.UNKNOWN)


def _script(script: Script, typed: Typed, wrong: Mapping[str, str]) -> dict[str, Any]:
    """What the template of the script needs. `shape` names this form of it: the page asks for another only when it changes."""
    return {"script": script, "shape": _shape(script), "answers": typed.answers or {}, "days": typed.days or {}, "wrong": wrong}


def _asking(script: Script, wrong: Mapping[str, str]) -> Script:
    """The script with everything in it that has to be answered: a needed question of a way not taken comes last."""
    left = tuple(ask for name, ask in script.questions.items() if name in wrong and name not in script.asked)
    return replace(script, sections=(*script.sections, Section("Also needed", left, "answers"))) if left else script


def _shape(script: Script) -> str:
    return hashlib.sha256(repr((script.sections, script.objections, script.voicemail, script.gap)).encode()).hexdigest()[:16]


def _placed(problems: Sequence[Problem], brief: Brief) -> tuple[dict[str, str], str]:
    """(what is wrong at each field, what is wrong with no field in particular)."""
    fields = {*brief.script.questions, "note", "disposition", "scope", "sure", "call_back_at"}
    wrong: dict[str, str] = defaultdict(str)  # templates ask for any field
    top: list[str] = []
    for one in problems:
        place = one.place.removeprefix("answers.").removeprefix("due.")
        asked = brief.script.questions.get(place)
        said = f"{one.problem}: {one.hint}" if one.hint and (asked is None or one.hint != asked.ask) else one.problem
        said = said[:1].upper() + said[1:]
        if place in fields:
            wrong.setdefault(place, said)
        else:
            top.append(said)
    if wrong and not top:
        n = len(wrong)
        if set(wrong) == {"disposition"}:
            top.append(wrong["disposition"])
        else:
            top.append("One thing is missing; it is marked." if n == 1 else f"{n} things are missing; they are marked.")
    return wrong, " ".join(top)


# -- while the call goes on -------------------------------------------------------------------------------------------


def keep(here: Here, call: UUID) -> Response:
    """Keep what was typed so far. Answers the script where the answers open another way through it."""
    typed = forms.typed(here.form)
    refused = words.save(here, call, typed)
    if refused is not None:
        return not_theirs(here, call, refused)
    was = here.form.get("shape")
    if was is None:
        return Response(status_code=204)
    script = briefing.script(here.parts, call, typed.answers or {})
    if script is None or _shape(script) == was:
        return Response(status_code=204)
    return here.show("desk/script.html", **_script(script, words.on(sheets.sheet_of(here.parts, call)), {}))


def take_over(here: Here, call: UUID) -> Response:
    """The words of whoever had this call before, put below one's own."""
    refused = words.take_over(here, call, forms.typed(here.form), here.form.get("sheet", ""))
    if refused is not None:
        return not_theirs(here, call, refused)
    return _page(here, call) if here.by_htmx else here.go(call_path(call))


def renew(here: Here, call: UUID) -> Response:
    """They still work on it. Answers what has changed for the page: whether the customer may be called, or that their hold ran out."""
    name = here.visitor.name
    until = desk.renew(here.parts, call, name, lease=WEB_LEASE, there="idle" not in here.form)
    if isinstance(until, NotHeld):
        if until.state is TouchState.UNKNOWN and until.held_by == name and here.by_htmx:
            return here.show("desk/ran_out.html")
        return not_theirs(here, call, until)
    shown, answer = here.form.get("open"), Response(status_code=204)
    if shown is not None and (shown == "yes") != (sheets.may_dial(here.parts, call, name) is None):
        answer = here.show("desk/there.html", brief=briefing.brief(here.parts, call))
    answer.headers["Held-Until"] = until.isoformat()
    at_most = sheets.ends_at(here.parts, call)
    if at_most is not None:
        answer.headers["Held-At-Most"] = at_most.isoformat()
    return answer


def line(here: Here, call: UUID) -> Response:
    """How the line is, for the panel that asks every two seconds while it is open."""
    return _panel(here, call)


def dial(here: Here, call: UUID) -> Response:
    """Ring their own telephone, then the customer's. Asked once for the number of their own."""
    phone = here.visitor.member.phone
    try:
        if not phone:
            phone = _own_phone(here)
        refused = bridging.dial(here.parts, call, here.visitor.name, phone)
    except InputError as wrong:
        return _panel(here, call, wrong.problems)
    return _after(here, call, refused)


def _own_phone(here: Here) -> str:
    """The number that was typed, kept for the next time."""
    countries = here.parts.database.run(lambda work: here.parts.rulebook.refresh(work).house.countries)
    typed = here.form.get("phone", "")[:40]
    phone = next((p for p in (normal_phone(typed, c) for c in sorted(countries)) if p), None)
    wrong = "it is no telephone number" if phone is None else why_not(phone, countries)
    if phone is None or wrong:
        raise InputError(Problem(f"your own telephone cannot be rung: {wrong}", "give the number you can be reached at"))
    number: str = phone

    def unit(work: Work) -> None:
        member = here.visitor.member
        staff.change(work, member.id, {"phone": number})
        here.note(work, "staff.phone", f"member:{member.id}", f"{member.name} gave the telephone on which they can be reached")

    here.parts.database.run(unit)
    return number


def dial_by_hand(here: Here, call: UUID) -> Response:
    """Ask whether it may be dialled now; the number comes with the yes."""
    try:
        refused = sheets.dial_by_hand(here.parts, call, here.visitor.name)
    except InputError as wrong:
        return _panel(here, call, wrong.problems)
    return _after(here, call, refused, just=True)


def phase(here: Here, call: UUID) -> Response:
    """A call dialled by hand: they answered, or it is over."""
    wanted = here.form.get("phase", "")
    phases: Mapping[str, Literal["talking", "wrap_up", "reading"]] = {
        "talking": "talking", "wrap_up": "wrap_up", "reading": "reading",
    }  # fmt: skip
    if wanted not in phases:
        raise InputError(Problem("A line is not in such a state.", "reload the page"))
    try:
        refused = sheets.phase(here.parts, call, here.visitor.name, phases[wanted])
    except InputError as wrong:
        return _panel(here, call, wrong.problems)
    return _after(here, call, refused)


def _after(here: Here, call: UUID, refused: NotHeld | None, *, just: bool = False) -> Response:
    if refused is not None:
        return not_theirs(here, call, refused)
    return _panel(here, call, just=just) if here.by_htmx else here.go(call_path(call))


def _panel(here: Here, call: UUID, problems: Sequence[Problem] = (), *, just: bool = False) -> Response:
    """The panel alone; the whole page where the browser runs no scripts."""
    found = briefing.seen(here.parts, call)
    if found is None:
        raise NotFound(f"there is no call {call}")
    if not here.by_htmx:
        return _page(here, call, 422 if problems else 200, problems=problems)
    if found.due.touch.state is TouchState.FILED and found.held_by == here.visitor.name:
        return here.go("/desk")  # the line said how it ended, before anybody spoke
    if not _theirs(here, found.due.touch.state, found.held_by):
        return not_theirs(here, call, NotHeld(found.due.touch.state, found.held_by))
    sheet = sheets.sheet_of(here.parts, call)
    dialling = sheet is None or sheet.phase == "reading" or sheet.dialled_by == "hand"
    against = sheets.may_dial(here.parts, call, here.visitor.name) if dialling else None
    phone = found.due.customer.phone
    said = "; ".join(f"{p.problem} ({p.hint})" if p.hint else p.problem for p in problems)
    shown = replace(
        _line(here, sheet, briefing.hidden(phone), against, tel=phone or "", just=just),
        held_until=found.lease_until, at_most=sheets.ends_at(here.parts, call),
    )  # fmt: skip
    return here.show("desk/line.html", 422 if problems else 200, call=call, line=shown, problem=said[:1].upper() + said[1:])


def _line(here: Here, sheet: Sheet | None, number: str, against: str | None, *, tel: str = "", just: bool = False) -> Line:
    """The panel's values. tel: the whole number, shown only for a call by hand that may be dialled."""
    phase = sheet.phase if sheet else "reading"
    bridge = callable(getattr(here.parts.channels["voice"], "bridge", None))
    now_is = LINES[phase]
    if sheet is None or phase == "reading":
        return Line("reading", now_is, number, against, bridge, ask_phone=not here.visitor.member.phone)
    by_hand = sheet.dialled_by == "hand"
    if phase == "wrap_up":
        rules = here.parts.database.run(lambda work: here.parts.rulebook.refresh(work).house.rules)
        until = sheet.wrap_up_from + rules.wraps_up_in if sheet.wrap_up_from else None
        return Line(phase, now_is, number, by_hand=by_hand, until=until, hint="File it before the time is over.")
    steps: Sequence[tuple[str, str]] = ()
    if by_hand:
        talking = phase == "talking"
        now_is = now_is if talking else "Dial on your telephone"
        steps = (("wrap_up", "It is over"),) if talking else (("talking", "They answered"), ("wrap_up", "Nobody answered"))
    since = sheet.talked_from if phase == "talking" else sheet.dialled_at
    allowed = tel if by_hand and against is None and phase != "talking" else ""
    hint = "It ends by itself when one of you hangs up." if phase in OPEN else ""
    return Line(
        phase, now_is, number, against, bridge, by_hand=by_hand, tel=allowed, just=just, next=steps, since=since, hint=hint
    )


# -- its end ----------------------------------------------------------------------------------------------------------


def file(here: Here, call: UUID) -> Response:
    """Record how the call ended. What is missing is said at its field, and nothing typed is lost."""
    typed = words.with_newer(here, call, forms.typed(here.form))
    found = briefing.seen(here.parts, call)
    if found is None:
        raise NotFound(f"there is no call {call}")
    house = here.parts.database.run(lambda work: here.parts.rulebook.refresh(work).house)
    customer = found.due.customer
    try:
        zone = briefing.zone_for(customer, house)
        wanted = forms.filing_of(typed, zone, house, customer.name or "the customer")
        filed = filing.file(here.parts, call, here.visitor.name, wanted)
    except InputError as wrong:
        refused = words.save(here, call, typed)
        if refused is not None:
            said = "; ".join(problem.problem for problem in wrong.problems) if typed.disposition == "do_not_contact" else ""
            return not_theirs(here, call, refused, words.as_text(typed), said)
        return _page(here, call, 422, typed=typed, problems=wrong.problems)
    if isinstance(filed, NotHeld):
        words.save(here, call, typed)  # refused as well, and kept on their sheet of it
        return not_theirs(here, call, filed, kept=words.as_text(typed))
    return here.go("/desk")


def put_back(here: Here, call: UUID) -> Response:
    """The call was not made: it waits again."""
    why = here.form.get("why", "")
    if why not in REASONS:
        raise InputError(Problem("Say why it is put back.", "choose one of the reasons"))
    refused = desk.put_back(here.parts, call, here.visitor.name, REASONS[why])
    if refused is not None:
        return not_theirs(here, call, refused)
    return here.go("/desk?said=back")
