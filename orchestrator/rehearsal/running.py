"""Runs one rehearsal: events come in, time passes, calls end as the file says; then what came of it, and what that differs in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from orchestrator.core.model import TouchState
from orchestrator.core.windows import add
from orchestrator.errors import InputError
from orchestrator.language.delays import Delay
from orchestrator.language.rehearsal import Answers, Comes, Ends, OptsOut
from orchestrator.rehearsal.checking import Scene, as_said
from orchestrator.rehearsal.stage import Stage
from orchestrator.rehearsal.watching import Got, Moment, Watch
from orchestrator.simulation.arrivals import Happening
from orchestrator.simulation.records import TouchRecord
from orchestrator.simulation.turns import Turns
from orchestrator.simulation.world import World

STAFF = "ari"  # whoever takes the calls of rehearsals
LONGEST = timedelta(days=1_100)  # after the last thing that happens: a follow-up that is still going on then goes on for ever
MOST_TURNS = 20_000


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one rehearsal."""

    scene: Scene
    got: Sequence[Got]  # what `then` is compared with, in order
    moments: Sequence[Moment]  # everything that happened and was decided, for a timeline
    unused: Sequence[Ends]  # lines of `when` for tries that never came
    refused: Sequence[str]  # what staff could not do as the file says
    at: datetime  # when time stopped


def run(stage: Stage, scene: Scene) -> Result:
    """Play it. Nobody is contacted, and every run is the same."""
    return _Run(stage, scene).play()


class _Run:
    """One rehearsal while it is played."""

    def __init__(self, stage: Stage, scene: Scene) -> None:
        self.scene = scene
        file = scene.file
        self.world = World(stage.rules(file.playbook, *file.beside), keep_words=True, endings=self._ends_as)
        self.turns = Turns(self.world)
        self.watch = Watch(self.world, scene.clock, stage, file.playbook)
        self.ref = scene.person.id or "C-1"
        self.zones = (scene.person.zone,) if scene.person.zone else ()
        self.house = self.world.rules.house
        self.used: set[int] = set()  # places in scene.ends
        self.refused: list[str] = []
        self._heard = 0  # events
        self._taking: dict[UUID, datetime] = {}  # a call that waits -> when somebody takes it
        self._talking: dict[UUID, tuple[datetime, int]] = {}  # a call that somebody has -> when it is over, which line says how

    def play(self) -> Result:
        waiting = list(reversed(self.scene.comes))
        last = self.scene.comes[-1][0]
        until = self.scene.until or last + min(LONGEST, datetime.max.replace(tzinfo=UTC) - last)
        for _ in range(MOST_TURNS):
            due, mine = self.turns.next_at(), self._next_of_calls()
            soonest = min((m for m in (due, mine) if m is not None), default=None)
            if waiting and waiting[-1][0] <= until and (soonest is None or waiting[-1][0] <= soonest):
                self._happen(*waiting.pop())
            elif soonest is None or soonest > until:
                break
            else:
                self.turns.pass_until(soonest)
            self._work(self.world.now)
        if self.scene.until is not None and self.scene.until > self.world.now:
            self.turns.pass_until(self.scene.until)
        self.watch.look()
        unused = [ends for place, (ends, _) in enumerate(self.scene.ends) if place not in self.used]
        return Result(self.scene, self.watch.got(), self.watch.moments(), unused, self.refused, self.world.now)

    def _happen(self, at: datetime, occurred: datetime, what: Comes | OptsOut | Answers) -> None:
        match what:
            case Comes():
                self.watch.heard(at, what.event, occurred)
                subject = what.subject or self.scene.subject
                said = as_said(self.scene.person, self.ref)
                carried = dict(self.scene.file.carries(what))
                self._heard += 1
                key = str(self._heard)  # two of a kind at one moment are two all the same
                self.turns.hear(Happening(what.event, subject, occurred, carried, said, late_at=at, named=key))
            case OptsOut():
                self.turns.pass_until(at)
                self.watch.said(at, f"The customer wants no more {'contact' if what.opts_out == 'all' else what.opts_out}")
                self.world.opt_out(self.ref, what.opts_out, "the customer said so")
            case Answers():
                self.turns.pass_until(at)
                self.watch.said(at, "The customer answers: " + ", ".join(f"{k} {v}" for k, v in what.survey.items()))
                asked = [r for r in self.world.runs if r.reason is None and r.subject == self.scene.subject]
                for run in asked:
                    self.world.answer(run.id, dict(what.survey))
                if not asked:
                    self.refused.append(f"the survey is answered {self.scene.clock.said(at)}, when no follow-up is open")
        self.watch.look()

    def _work(self, now: datetime) -> None:
        """Finish the calls that are over, and take those for which somebody is there by now."""
        self.watch.look()
        while True:
            for touch, (over, place) in sorted(self._talking.items(), key=lambda talk: talk[1]):
                if over <= now:
                    del self._talking[touch]
                    self._finish(touch, place)
            self._see()
            ready = sorted((at, str(touch), touch) for touch, at in self._taking.items() if at <= now)
            if not ready:
                return
            for _, _, touch in ready:
                del self._taking[touch]
                self._take(touch, now)

    def _see(self) -> None:
        """Which calls wait; for those that the file speaks of, when somebody will take them."""
        waiting = {record.id: record for record in self.world.ready()}
        self._taking = {id_: at for id_, at in self._taking.items() if id_ in waiting}
        for id_, record in waiting.items():
            if id_ not in self._taking and (place := self._line(record)) is not None:
                self._taking[id_] = self._after(self.scene.ends[place][0].waits, self.world.now)

    def _take(self, touch: UUID, now: datetime) -> None:
        record = next(r for r in self.world.touches if r.id == touch)
        place = self._line(record)
        assert place is not None, "only calls that the file speaks of are taken"
        taken = self.world.take_this(touch, STAFF)
        self.watch.look()
        if isinstance(taken, str):
            if record.state is not TouchState.PLANNED:  # put off by a policy: it comes again
                self.refused.append(f"{record.touchpoint} could not be taken: {taken}")
            return
        self.used.add(place)
        over = self._after(self.scene.ends[place][0].lasts, now)
        if over <= now:
            self._finish(touch, place)
        else:
            self._talking[touch] = (over, place)

    def _finish(self, touch: UUID, place: int) -> None:
        ends, back = self.scene.ends[place]
        try:
            self.world.finish(
                touch, ends.ends, answers=dict(ends.answers), call_back_at=back, due=dict(ends.promised_for), who=STAFF
            )
        except InputError as error:
            self.refused.append(f"{ends.touchpoint} cannot end so: {'; '.join(str(p) for p in error.problems)}")
        self.watch.look()

    def _ends_as(self, record: TouchRecord) -> str | None:
        """How a message or an automatic call ends."""
        place = self._line(record)
        if place is None:
            return None
        self.used.add(place)
        return self.scene.ends[place][0].ends

    def _line(self, record: TouchRecord) -> int | None:
        """Which line says how this try ends: the one that names it, else the one for all tries."""
        fits = [(ends.try_ is None, place) for place, (ends, _) in enumerate(self.scene.ends)
                if ends.touchpoint == record.touchpoint and ends.try_ in (None, record.tries)]  # fmt: skip
        return min(fits)[1] if fits else None

    def _next_of_calls(self) -> datetime | None:
        return min([*self._taking.values(), *(over for over, _ in self._talking.values())], default=None)

    def _after(self, delay: Delay | None, at: datetime) -> datetime:
        return add(delay, at, self.zones, self.house) if delay is not None else at
