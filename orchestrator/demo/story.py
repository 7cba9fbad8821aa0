"""Six weeks on the real engine, with time that jumps: events come in, what is due is done, staff take calls, customers answer.

Yields what happens, step by step, as the journal has it. Same company, same engine, same playbooks: the same story.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from orchestrator import bridging, callbacks, desk, dispatch, incoming
from orchestrator.accepting import accept
from orchestrator.carrier.browsing import Page
from orchestrator.carrier.call import Call
from orchestrator.carrier.carrier import Carrier
from orchestrator.carrier.customers import key_of
from orchestrator.carrier.people import OnPhone
from orchestrator.carrier.playing import Playing
from orchestrator.clock import Clock
from orchestrator.core.model import TouchState
from orchestrator.demo.answers import answers_for
from orchestrator.demo.company import CLOSED, DAYS, HERE, START, Arrival, Company, Diary, moment, ordinary, people, workday
from orchestrator.demo.scenes import CAST, Click, Reply, Scenes, arrange
from orchestrator.demo.waiting import leave_on_the_desk
from orchestrator.demo.watch import QUIET, Counts, Moment, Watch
from orchestrator.errors import SettingsError
from orchestrator.parts import Parts
from orchestrator.store import replies, touches
from orchestrator.sweep import sweep

SEED = 20261026
ENDS = moment(date(2026, 12, 7), "10:30", HERE)  # the Monday after: a few calls are due, and nobody has taken them yet
MOST_STEPS = 20_000
SHORTEST = timedelta(seconds=1)
REPORTS = timedelta(
    seconds=2
)  # after which somebody looks at what the carrier reports: what comes within it is dealt with at once
MOST_ROUNDS = 50  # of one step: what falls due at once is done at once
_SHIFTS = {  # at the company; who takes calls from which queues
    "ari": ("08:00", "16:45", ("sales", "service")),
    "sam": ("09:30", "18:15", ("service", "sales")),
    "lee": ("08:30", "17:45", ("leads",)),
}
TELEPHONES = {"ari": "+13125550190", "sam": "+13125550191", "lee": "+13125550192"}  # of staff: they ring first
_PERSON, _MACHINE = OnPhone("picks up"), OnPhone("has voicemail", pickup="machine")
_RINGS_S = {"voicemail_left": 16.0, "voicemail_not_left": 16.0}  # until the machine answers; people are quicker
_TALK_MINUTES = {"no_answer": (1, 1), "voicemail_left": (1, 2), "voicemail_not_left": (1, 1), "not_available": (1, 2)}


class JumpingClock:
    """A clock that stands still until it is set, and never goes back; from `go_on` it goes as another one does."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self._goes: Clock | None = None

    def __call__(self) -> datetime:
        return self.at if self._goes is None else self._goes()

    def go_on(self, goes: Clock) -> None:
        self._goes = goes

    def jump(self, to: datetime) -> None:
        self.at = max(self.at, to)


class Ids:
    """Ids of the same form as everybody's (UUID version 7), by the story's clock and a seed: two runs make the same."""

    def __init__(self, clock: JumpingClock, seed: int) -> None:
        self._clock, self._chance = clock, random.Random(seed)  # noqa: S311 (nothing here is secret)
        self._made = 0

    def __call__(self) -> UUID:
        self._made += 1
        milliseconds = int(self._clock().timestamp() * 1000)
        in_order = self._made % 4096 << 64  # within one step far fewer are made
        return UUID(int=milliseconds << 80 | 7 << 76 | in_order | 2 << 62 | self._chance.getrandbits(62))


@dataclass(frozen=True, slots=True)
class Step:
    """What happened at one moment, and how things stand after it."""

    now: datetime
    moments: list[Moment]
    counts: Counts


def make_up() -> tuple[Company, Scenes]:
    """The company, and what is sure to happen in it."""
    chance = random.Random(SEED)  # noqa: S311 (a story, not a secret)
    crowd = people(chance)
    diary = Diary(chance)
    scenes = arrange(diary, crowd)
    ordinary(diary, [person for n, person in enumerate(crowd) if n not in CAST])
    promises = leave_on_the_desk(diary)
    known = {person.ref: person for person in crowd} | {a.person.ref: a.person for a in diary.arrivals}
    return Company(known, diary.arrived(), diary.endings, promises), scenes


class Story:
    """One telling. `parts` must run on `clock`, on a database in which the starter playbooks are published.

    carrier: what the channels of `parts` reach; its hooks must arrive at a web part that works with `story.parts`.
    """

    def __init__(self, parts: Parts, clock: JumpingClock, carrier: Carrier, company: Company, scenes: Scenes) -> None:
        self._clock, self._carrier, self._company, self._scenes = clock, carrier, company, scenes
        self._woken: set[str] = set()
        self.parts = self._parts = replace(parts, new_id=Ids(clock, SEED), wake=self._woken.update)
        self._watch = Watch()
        self._chance = random.Random(SEED + 1)  # noqa: S311 (a story, not a secret)
        self._plan: list[tuple[datetime, int, Callable[[], list[Moment]]]] = []
        self._noted = 0
        self._endings = {subject: list(calls) for subject, calls in company.endings.items()}
        self._busy: set[str] = set()  # staff on the phone, or about to look at the desk
        self._changed: set[str] = set()  # subjects that this step has touched
        self._ringing: dict[str, str] = {}  # telephone of a customer whom staff call -> how the call will end
        self._writers: set[str] = set()  # subjects of customers who wrote or clicked
        self._untold = list(scenes.tellings)

    @property
    def untold(self) -> list[str]:
        """Scenes that have not shown; empty when the story is over, unless the playbooks are not the starter ones."""
        return [telling.scene for telling in self._untold]

    def play(self) -> Iterator[Step]:
        """Everything until ENDS."""
        for arrival in self._company.arrivals:
            self._at(arrival.at, lambda a=arrival: self._arrive(a))  # type: ignore[misc]
        doubled = next(a for a in self._company.arrivals if a.raw["subject"] == self._scenes.doubled)
        self._at(doubled.at + timedelta(seconds=35), lambda: self._arrive(doubled))
        for n in range(DAYS):
            day = START + timedelta(days=n)
            if day == workday(0, day):
                for who, (begins, _, _) in _SHIFTS.items():
                    self._at(moment(day, begins, HERE) + timedelta(seconds=41), lambda w=who: self._look(w))  # type: ignore[misc]
        for absence in self._scenes.absences:
            self._at(absence.until + timedelta(seconds=17), lambda w=absence.who: self._look(w))  # type: ignore[misc]
        for _ in range(MOST_STEPS):
            upcoming = self._next()
            if upcoming is None or upcoming > ENDS:
                self._clock.jump(ENDS)
                return
            if upcoming <= self._clock():
                # due and not done: it waits for its sender's pace, or changed behind our back; a second later all is looked at
                self._changed |= self._watch.who.keys()
                self._woken |= {"upkeep", *dispatch.CHANNELS}  # an end may be final, or a promise due that no subject tells of
                upcoming = self._clock() + SHORTEST
            self._clock.jump(upcoming)
            yield self._step()
        raise AssertionError("the story does not come to its end")

    # -- one step ---------------------------------------------------------------------------------------------

    def _next(self) -> datetime | None:
        """When anything happens next: by itself, by plan, or because an imaginary customer or the network does something."""
        with self._parts.database.work() as work:
            by_itself = touches.next_change(work)
        planned = self._plan[0][0] if self._plan else None
        outside = self._carrier.next_at()
        reported = outside + REPORTS if outside is not None else None
        return min((m for m in (by_itself, planned, reported) if m is not None), default=None)

    def _step(self) -> Step:
        now = self._clock()
        moments: list[Moment] = []
        while self._plan and self._plan[0][0] <= now:
            moments += heapq.heappop(self._plan)[2]()
        self._changed |= self._watch.due(now)
        moments += self._news()
        for _ in range(MOST_ROUNDS):
            # what workers find by asking every second is known here: asking for it all would take three times as long
            heard = self._carrier.work_until(now)  # over HTTP: what providers report, and customers who open, click and write
            self._pick_up(now)
            channels = self._watch.channels_due(now) | (self._woken & set(dispatch.CHANNELS))
            self._woken -= channels
            done = self._listen() + self._drain(channels)
            if self._watch.untaken(now) or "upkeep" in self._woken:
                self._woken.discard("upkeep")
                self._changed |= self._watch.on_its_way() | self._writers
                sweep(self._parts)
                done += 1
            self._changed |= self._watch.due(now)
            if not heard and not done:
                break
            moments += self._news()
        self._send_for_staff()
        return Step(now, self._told(moments), self._watch.counts)

    def _listen(self) -> int:
        """Deal with what the hooks have kept."""
        if "inbox" not in self._woken:
            return 0
        self._woken.discard("inbox")
        self._changed |= self._watch.on_its_way() | self._writers
        return callbacks.handle_waiting(self._parts)

    def _drain(self, channels: set[str]) -> int:
        """Do what is due on these channels. One at a time: sent side by side, two messages may arrive in either order."""
        done = 0
        for channel in dispatch.CHANNELS:
            if channel in channels:
                self._changed |= self._watch.due(self._clock())
                while dispatch.drain_once(self._parts, channel, 1):
                    done += 1
        return done

    def _news(self) -> list[Moment]:
        """What the journal says about everything this step has touched; what follows from it is noted."""
        with self._parts.database.work() as work:
            news = self._watch.look(work, self._changed)
        self._changed.clear()
        for one in (n for n in news if n.what == "touch.sent"):
            for reply in self._scenes.replies:
                if (one.subject, one.touchpoint) == (reply.subject, reply.touchpoint):
                    self._at(one.at + reply.after, lambda r=reply: self._reply(r))  # type: ignore[misc]
            for click in self._scenes.clicks:
                if (one.subject, one.touchpoint) == (click.subject, click.touchpoint):
                    self._at(one.at + click.after, lambda c=click: self._click(c))  # type: ignore[misc]
        return news

    def _told(self, moments: list[Moment]) -> list[Moment]:
        """Without what is shown only for a scene's sake; with what the scenes have to say."""
        shown = []
        for one in moments:
            telling = next(
                (t for t in self._untold if (t.subject, t.what, t.touchpoint) == (one.subject, one.what, one.touchpoint)), None
            )
            if telling is not None:
                self._untold.remove(telling)
                shown.append(replace(one, telling=telling.says))
            elif one.what not in QUIET:
                shown.append(one)
        return shown

    # -- customers and the company's systems ------------------------------------------------------------------

    def _arrive(self, arrival: Arrival) -> list[Moment]:
        now, person, subject = self._clock(), arrival.person, str(arrival.raw["subject"])
        answer = accept(self._parts, [arrival.raw])[0]
        if answer.problems:
            why = "; ".join(str(p) for p in answer.problems)
            raise SettingsError(
                f"the playbooks in TOUCHPOINT_PLAYBOOKS refuse the demo's {arrival.raw['type']} ({why}): the demo needs the starter ones"
            )
        status = answer.status
        self._watch.who.setdefault(subject, person)
        self._changed.add(subject)
        self._watch.counts.events += status == "accepted"
        what = "event" if status == "accepted" else f"event.{status}"
        text = arrival.said if status == "accepted" else f"{arrival.said} (again)"
        return [Moment(now, person.time_zone, "event", person.first_name, text, subject, what)]

    def _reply(self, reply: Reply) -> list[Moment]:
        """A customer texts back: their telephone, the network, the signed hook, the inbox."""
        now, person = self._clock(), self._watch.who[reply.subject]
        self._carrier.text_us(person.phone, reply.words)
        self._writers |= self._watch.of(person)
        if reply.read_by:
            self._at(now + reply.read_after, lambda: self._read(reply))
        what = "customer.texted STOP" if reply.words == "STOP" else "customer.texted"
        return [Moment(now, person.time_zone, "writes", person.first_name, f"“{reply.words}”", reply.subject, what)]

    def _read(self, reply: Reply) -> list[Moment]:
        """Somebody of the staff reads what a customer wrote, and decides."""
        person = self._watch.who[reply.subject]
        with self._parts.database.work() as work:
            unread = [row.id for row in replies.open_ones(work) if row.ref == person.ref]
        for id_ in unread:
            incoming.read(self._parts, id_, reply.read_by, reply.verdict)
        self._changed |= self._watch.of(person)
        return []

    def _click(self, click: Click) -> list[Moment]:
        """A customer clicks in an e-mail, as somebody would who plays them at the carrier's page."""
        person = self._watch.who[click.subject]
        mail = next(m for m in reversed(self._carrier.mails.by_sid.values()) if m.to == person.email)
        places = [n for n, link in enumerate(Page(mail.html).links) if link.words == click.link]
        done = Playing(self._carrier).do(
            {"do": "click", "who": key_of(person.name), "mail": mail.sid, "n": str(places[0] if places else "")}
        )
        assert not done, done
        self._writers |= self._watch.of(person)
        return []

    # -- staff ------------------------------------------------------------------------------------------------

    def _send_for_staff(self) -> None:
        """Whoever is free sees a new call on the desk within a few minutes."""
        for who, (_, _, queues) in _SHIFTS.items():
            if who not in self._busy and self._here(who) and self._watch.ready(queues):
                self._busy.add(who)
                self._at(self._soon(1, 5), lambda w=who: self._look(w))  # type: ignore[misc]

    def _here(self, who: str) -> bool:
        now = self._clock()
        day = now.astimezone(ZoneInfo(HERE)).date()
        begins, ends, _ = _SHIFTS[who]
        if day.weekday() > 4 or day in CLOSED or day >= START + timedelta(days=DAYS):
            return False
        away = any(a.who == who and a.since <= now < a.until for a in self._scenes.absences)
        return moment(day, begins, HERE) <= now < moment(day, ends, HERE) and not away

    def _look(self, who: str) -> list[Moment]:
        """Take the next call, if there is one that may be made now."""
        self._busy.discard(who)
        queues = _SHIFTS[who][2]
        waiting = self._watch.ready(queues)
        if not self._here(who) or not waiting:
            return []
        self._changed |= waiting  # taking one judges the others too
        task = desk.claim_next(self._parts, who, queues)
        if task is None:
            return []
        subject = task.due.run.subject
        self._changed.add(subject)
        self._busy.add(who)
        planned = self._endings.get(subject)
        ending = planned.pop(0) if planned else "no_answer"
        refused = bridging.dial(self._parts, task.touch, who, TELEPHONES[who])
        assert refused is None, f"{who} has this call: {refused}, {ending}, {subject}"
        self._ringing[self._watch.who[subject].phone] = ending
        self._at(self._soon(*_TALK_MINUTES.get(ending, (1, 3))), lambda: self._hang_up(who, task.touch, subject, ending))
        return []

    def _pick_up(self, now: datetime) -> None:
        """Telephones of customers ring: they pick up, or their voicemail does, or nobody, as their story has it."""
        for phone, ending in list(self._ringing.items()):
            for call in self._carrier.calls.listed({"To": [phone], "Status": ["ringing"]}):
                del self._ringing[phone]
                if ending == "no_answer":
                    break  # it rings until staff give up
                seconds = _RINGS_S.get(ending) or self._chance.uniform(4, 11)
                person = _MACHINE if ending in _RINGS_S else _PERSON

                def answer(one: Call, at: datetime, person: OnPhone = person) -> None:
                    self._carrier.calls.pick_up(one, at, person)

                self._carrier.calls.plan(call, seconds, answer, now)
                break

    def _hang_up(self, who: str, touch: UUID, subject: str, ending: str) -> list[Moment]:
        said, days = answers_for(self._parts, touch, ending, self._company.promises.get(subject))
        refused = desk.finish(self._parts, touch, who, ending, answers=said, due=days)
        # nobody picked up: the line has said so before staff could
        assert refused is None or refused.state is TouchState.FILED, f"{who} has this call: {refused}"
        self._changed |= self._watch.of(self._watch.who[subject])  # a call may end everything about a customer
        self._at(self._soon(1, 3), lambda: self._look(who))  # wrap-up
        return []

    # -- the plan ---------------------------------------------------------------------------------------------

    def _soon(self, least: int, most: int) -> datetime:
        return self._clock() + timedelta(seconds=self._chance.randint(60 * least, 60 * most))

    def _at(self, at: datetime, action: Callable[[], list[Moment]]) -> None:
        self._noted += 1
        heapq.heappush(self._plan, (at, self._noted, action))
