"""What has to happen in every demo: scenes with customers of their own, and the sentence that is said when each of them shows.

A scene only arranges what the company reports and how calls end. What follows is up to the engine and the playbooks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from orchestrator.demo.company import HERE, Diary, Person, moment, number
from orchestrator.store.replies import Verdict

# where in the list of people each of them stands; the rest live an ordinary life
_SAYS_STOP, _PAYS, _MISSED_CALL, _HOLIDAY, _CONCERN, _NO_MORE, _BUSY, _NOT_HOME, _CLOCKS = 6, 19, 9, 20, 7, 13, 18, 14, 16
_BEEP, _CLICKS, _BOUNCES = 21, 24, 23
CAST = frozenset(
    {_SAYS_STOP, _PAYS, _MISSED_CALL, _HOLIDAY, _CONCERN, _NO_MORE, _BUSY, _NOT_HOME, _CLOCKS, _BEEP, _CLICKS, _BOUNCES}
)
_PLACES = {
    "America/Chicago": "312", "America/New_York": "212", "America/Denver": "303", "America/Los_Angeles": "213",
    "America/Phoenix": "602",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Telling:
    """A sentence for the moment at which an entry of the journal shows what a scene is about."""

    scene: str
    subject: str
    what: str  # of the journal, e.g. touch.cancelled; "event.repeated" for an event that came twice
    touchpoint: str
    says: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A customer answers a text with words of their own."""

    subject: str
    touchpoint: str  # the text that is answered
    after: timedelta  # from when it was sent
    words: str
    read_by: str = ""  # who of the staff reads it; empty: it needs no reading
    read_after: timedelta = timedelta()
    verdict: Verdict = "go_on"


@dataclass(frozen=True, slots=True)
class Click:
    """A customer clicks a link of an e-mail."""

    subject: str
    touchpoint: str
    after: timedelta
    link: str  # its words


@dataclass(frozen=True, slots=True)
class Absence:
    """Somebody of the staff is away."""

    who: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Scenes:
    """What the story needs beside the company's own reports."""

    tellings: Sequence[Telling]
    replies: Sequence[Reply]
    clicks: Sequence[Click]
    absences: Sequence[Absence]
    doubled: str  # the subject whose first event is sent twice
    best: Sequence[tuple[str, str]]  # the timelines worth reading afterwards: a title, a subject


def arrange(diary: Diary, crowd: Sequence[Person]) -> Scenes:
    """Every scene, noted into the diary."""

    def one(n: int, zone: str, **more: Any) -> Person:  # Any: other fields of a person
        """The n-th customer, who has agreed to everything and lives there."""
        consent = dict.fromkeys(("email", "text", "call"), "service")
        return replace(crowd[n], **{"time_zone": zone, "phone": number(_PLACES[zone], n), "consent": consent, **more})

    stopped, replies = _stop(diary, one(_SAYS_STOP, "America/Chicago"))
    no_texts = {"email": "service", "text": "none", "call": "service"}
    paid = _paid_in_time(diary, one(_PAYS, "America/New_York"))
    voicemail, answer = _voicemail(diary, one(_MISSED_CALL, "America/Los_Angeles"))
    clicked, click = _clicks(diary, one(_CLICKS, HERE))
    holiday = _thanksgiving(diary, one(_HOLIDAY, HERE))
    clocks = _clocks_go_back(diary, one(_CLOCKS, "America/New_York"))
    _nobody_home(diary, one(_NOT_HOME, "America/Denver"))
    _left_on_the_desk(diary, [person for n, person in enumerate(crowd) if n not in CAST])
    tellings = [
        *stopped, *paid, *voicemail, *holiday, *clocks,
        *_concern(diary, one(_CONCERN, "America/New_York")),
        *_no_more(diary, one(_NO_MORE, HERE)),
        *_busy_day(diary, one(_BUSY, "America/Phoenix")),
        # these two have endings and addresses that the rehearsal carrier knows: a machine that beeps, a mailbox that is none
        *_beep(diary, one(_BEEP, HERE, phone="+13125550102", consent=no_texts)),
        *_bounces(diary, one(_BOUNCES, HERE, email="bounce+tariq@customers.example.com")), *clicked,
    ]  # fmt: skip
    # the afternoon before Thanksgiving: the call falls due, and nobody is there before the window closes
    away = [Absence(who, _at(HERE, 25, "16:20"), _at(HERE, 25, "17:40")) for who in ("ari", "sam")]
    best = [
        (f"{crowd[_SAYS_STOP].first_name} says stop, and a planned call never happens", stopped[0].subject),
        (f"{crowd[_PAYS].first_name} pays eight minutes before the reminder", paid[0].subject),
        (
            f"{crowd[_MISSED_CALL].first_name}'s voicemail, the text beside it, and a yes after the clocks went back",
            voicemail[0].subject,
        ),
    ]
    return Scenes(tellings, [*replies, answer], [click], away, clocks[0].subject, best)


def _at(zone: str, day: int, clock: str, month: int = 11) -> datetime:
    return moment(date(2026, month, day), clock, zone)


def _stop(diary: Diary, who: Person) -> tuple[list[Telling], list[Reply]]:
    """A text is answered with STOP, and then with more, while a call about something else is planned for the next day."""
    zone, name = who.time_zone, who.first_name
    starts_at = _at(zone, 6, "10:30")
    visit = diary.booking(who, _at(zone, 3, "09:05"), starts_at, "maintenance")
    quote = diary.quote(who, _at(zone, 4, "14:00"), 2400, "a water heater")
    diary.visit(who, visit, starts_at, "maintenance", "the heating")
    return [
        Telling("stop", visit, "customer.texted STOP", "",
                f"{name} answers STOP: texts are over from this moment, whatever else is planned."),
        Telling("stop, a person reads", visit, "customer.texted", "",
                "No machine decides what that means: everything is held until somebody has read it."),
        Telling("stop, all", quote, "touch.cancelled", "quote-check-in",
                f"Sam reads {name}'s words and says stop: the call about the quote is called off with everything else."),
        Telling("stop held", visit, "touch.skipped", "hows-it-going",
                f"The visit was done all the same, but {name} said stop: not even a question how it went."),
    ], [
        Reply(visit, "visit-reminder", timedelta(minutes=4), "STOP"),
        Reply(visit, "visit-reminder", timedelta(minutes=6), "And please don't call me either", "sam", timedelta(minutes=19), "stop"),
    ]  # fmt: skip


def _paid_in_time(diary: Diary, who: Person) -> list[Telling]:
    """The money comes at 09:52; the reminder was to go out at 10:00."""
    zone = who.time_zone
    invoice = diary.invoice(who, _at(zone, 2, "11:20"), 1310, date(2026, 11, 13), "the roof gutters")
    diary.paid(who, invoice, _at(zone, 16, "09:52"))
    says = f"{who.first_name} paid eight minutes before the reminder would have gone out: it does not."
    return [Telling("paid in time", invoice, "touch.cancelled", "invoice-overdue", says)]


def _voicemail(diary: Diary, who: Person) -> tuple[list[Telling], Reply]:
    """Nobody picks up; a text goes with the voicemail and is answered; the second call, after the clocks went back, reaches them."""
    zone, name = who.time_zone, who.first_name
    quote = diary.quote(who, _at(zone, 27, "10:05", 10), 3850, "two bay windows")
    diary.endings[quote] = ("voicemail_left", "completed")
    diary.note(_at(zone, 5, "11:40"), "quote.accepted", quote, who, "quote accepted")
    return [
        Telling("voicemail", quote, "touch.sent", "sorry-we-missed-you",
                f"Minutes after the voicemail: the text that lets {name} answer without calling."),
        Telling("answer", quote, "customer.texted", "",
                f"{name} wrote words of their own: this follow-up waits until somebody has read them."),
        Telling("answer read", quote, "reply.read", "", f"Ari has read it: {name} will be called again, as planned."),
    ], Reply(quote, "sorry-we-missed-you", timedelta(minutes=7), "Monday is better for me, thanks", "ari", timedelta(minutes=24))  # fmt: skip


def _thanksgiving(diary: Diary, who: Person) -> list[Telling]:
    """A call falls due late on the day before Thanksgiving, and an e-mail on the day itself."""
    zone, name = who.time_zone, who.first_name
    quote = diary.quote(who, _at(zone, 23, "16:30"), 5200, "the back deck")
    diary.endings[quote] = ("completed",)
    invoice = diary.invoice(who, _at(zone, 9, "10:15"), 940, date(2026, 11, 23), "the porch lights")
    diary.paid(who, invoice, _at(zone, 1, "09:30", 12))
    return [
        Telling("thanksgiving", quote, "touch.deferred", "quote-check-in",
                f"Nobody was free before closing, and Thursday is Thanksgiving: {name} is called on Friday."),
        Telling("thanksgiving mail", invoice, "touch.planned", "invoice-overdue",
                "Three days after it is due would be Thanksgiving: this reminder is dated for Friday."),
    ]  # fmt: skip


def _clocks_go_back(diary: Diary, who: Person) -> list[Telling]:
    """Two business days over the night in which the clocks change; and the CRM sends its event twice."""
    zone, name = who.time_zone, who.first_name
    quote = diary.quote(who, _at(zone, 30, "14:05", 10), 1650, "the basement drain")
    diary.endings[quote] = ("goal_met",)
    return [
        Telling("same event twice", quote, "event.repeated", "",
                "The CRM got no answer in time and sent it again: same id, same answer, nothing is doubled."),
        Telling("clocks go back", quote, "touch.ready", "quote-check-in",
                f"The clocks went back on Sunday: 97 hours later it is the same time on {name}'s wall."),
    ]  # fmt: skip


def _concern(diary: Diary, who: Person) -> list[Telling]:
    """The day after a repair something is wrong: a team lead calls. The day between is Veterans Day, which is no business day."""
    zone, name = who.time_zone, who.first_name
    starts_at = _at(zone, 10, "13:00")
    visit = diary.booking(who, _at(zone, 6, "10:40"), starts_at, "repair")
    diary.visit(who, visit, starts_at, "repair", "the heating")
    diary.endings[visit] = ("completed_concern", "completed")
    return [
        Telling("concern", visit, "touch.done", "hows-it-going",
                f"{name} is not happy: a team lead has the call at once, ahead of everything else."),
        Telling("concern heard", visit, "touch.done", "visit-concern-call", f"The lead has spoken to {name} before the day is over."),
    ]  # fmt: skip


def _no_more(diary: Diary, who: Person) -> list[Telling]:
    """On the phone somebody asks not to be contacted again; an invoice reminder was planned too."""
    zone, name = who.time_zone, who.first_name
    quote = diary.quote(who, _at(zone, 16, "10:10"), 890, "the roof gutters")
    diary.endings[quote] = ("do_not_contact",)
    diary.invoice(who, _at(zone, 12, "15:30"), 420, date(2026, 11, 30), "the porch lights")
    says = f"{name} asked not to be contacted: every follow-up ends, the invoice reminder included."
    return [Telling("do not contact", quote, "touch.done", "quote-check-in", says)]


def _busy_day(diary: Diary, who: Person) -> list[Telling]:
    """Four things happen on one day; the house allows three contacts."""
    zone = who.time_zone
    invoice = diary.invoice(who, _at(zone, 5, "11:00"), 2600, date(2026, 11, 20), "the sun room, first part")
    diary.paid(who, invoice, _at(zone, 19, "12:30"))
    quote = diary.quote(who, _at(zone, 17, "09:00"), 1480, "three more sockets")
    diary.note(_at(zone, 18, "15:20"), "quote.accepted", quote, who, "quote accepted")
    starts_at = _at(zone, 24, "09:30")
    visit = diary.booking(who, _at(zone, 17, "09:20"), starts_at, "project")
    diary.visit(who, visit, starts_at, "project", "the sockets")
    project = diary.subject("project")
    diary.note(
        _at(zone, 17, "09:40"), "project.started", project, who, "project begins: sun room",
        title="sun room", lead="Mia", ends_on="2026-12-18",
    )  # fmt: skip
    diary.report(who, project, "sun room", _at(zone, 27, "11:10"))
    diary.report(who, project, "sun room", _at(zone, 4, "11:30", 12))
    says = f"{who.first_name} has had three contacts today, and the house allows three: this one waits for the morning."
    return [Telling("enough for today", project, "touch.deferred", "project-kickoff", says)]


def _nobody_home(diary: Diary, who: Person) -> None:
    """The crew finds nobody; a call at once finds a new day, and the playbook starts again with it."""
    zone = who.time_zone
    starts_at, new = _at(zone, 19, "10:00"), _at(zone, 23, "11:00")
    visit = diary.booking(who, _at(zone, 13, "14:10"), starts_at, "repair")
    diary.endings[visit] = ("goal_met", "completed")
    diary.note(_at(zone, 19, "10:20"), "visit.missed", visit, who, "nobody was home", note="rang twice")
    diary.note(
        _at(zone, 19, "10:50"), "visit.rescheduled", visit, who, "visit moved to Mon 23 Nov 11:00",
        kind="repair", starts_at=new.astimezone(ZoneInfo(zone)).isoformat(), crew="Joe",
    )  # fmt: skip
    diary.visit(who, visit, new, "repair", "the basement drain")


def _left_on_the_desk(diary: Diary, others: Sequence[Person]) -> None:
    """Calls that fall due on the Monday after, for whoever watches."""
    callable_ = [p for p in others if p.consent["call"] == "service" and p.time_zone in ("America/Chicago", "America/New_York")]
    for n, (person, work) in enumerate(zip(callable_[-3:], ("the heating", "two bay windows", "the back deck"), strict=True)):
        diary.quote(person, moment(date(2026, 12, 3), f"09:{5 + 10 * n:02d}", HERE), 3400 + 650 * n, work)


def _beep(diary: Diary, who: Person) -> list[Telling]:
    """Somebody who wants no texts gets the reminder as an automatic call, and a machine picks up."""
    zone, name = who.time_zone, who.first_name
    starts_at = _at(zone, 18, "11:00")
    visit = diary.booking(who, _at(zone, 13, "15:10"), starts_at, "estimate")
    diary.visit(who, visit, starts_at, "estimate", "the heating")
    return [
        Telling("beep", visit, "touch.done", "visit-reminder-voicemail",
                f"{name} wants no texts. A machine picked up: the words meant for it were left after its beep."),
    ]  # fmt: skip


def _clicks(diary: Diary, who: Person) -> tuple[list[Telling], Click]:
    """Nobody reaches them after the visit; the e-mail asks for one number, and the number is a low one."""
    zone, name = who.time_zone, who.first_name
    starts_at = _at(zone, 12, "13:30")
    visit = diary.booking(who, _at(zone, 10, "09:50"), starts_at, "repair")
    diary.endings[visit] = ("not_available", "no_answer", "completed")
    diary.visit(who, visit, starts_at, "repair", "the basement drain")
    return [
        Telling("click", visit, "survey.answered", "how-did-it-go",
                "One click on a 2 in the e-mail: for the playbook that is an event like any other."),
        Telling("click heard", visit, "touch.done", "answer-concern-call", f"A lead called {name} because of that click."),
    ], Click(visit, "how-did-it-go", timedelta(minutes=38), "2")  # fmt: skip


def _bounces(diary: Diary, who: Person) -> list[Telling]:
    """The CRM has an address that does not exist."""
    zone = who.time_zone
    quote = diary.quote(who, _at(zone, 3, "13:15"), 2150, "the porch lights")
    diary.endings[quote] = ("completed",)
    diary.note(_at(zone, 6, "15:45"), "quote.accepted", quote, who, "quote accepted")
    says = f"The e-mail bounced: that address is not used again. The call to {who.first_name} comes all the same."
    return [Telling("bounce", quote, "touch.failed", "quote-thanks", says)]
