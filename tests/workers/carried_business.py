"""A business whose processes are real and whose provider is the rehearsal carrier in the test's own process, on a bad day.

The carrier goes SPEED times as fast as life. So do those waits of the product that are minutes in life, in every process that is
started here (SHORTENED): nothing else of the product is changed.
"""

from __future__ import annotations

import contextlib
import random
import re
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import func, or_, select

from orchestrator import authoring, desk, engine, incoming
from orchestrator.carrier import callbacks, credentials
from orchestrator.carrier.carrier import Carrier
from orchestrator.carrier.faults import NONE, Faults
from orchestrator.carrier.people import BY_ADDRESS, BY_NUMBER
from orchestrator.carrier.running import RunningCarrier
from orchestrator.clock import utc_now
from orchestrator.config import Settings
from orchestrator.core.model import TouchState
from orchestrator.store import replies, schema
from orchestrator.store.events import NewEvent
from orchestrator.store.upgrade import upgrade
from orchestrator.wiring import build
from tests.stories import designs
from tests.stories.world import person
from tests.workers.processes import ALWAYS, PATIENCE_S, started, wait_for

SPEED = 60.0  # of the carrier
LEASE_S = 6.0
SILENCE_S = 60.0  # in life 26 hours, of which 24 with repeats: longer than the web may be gone, several times over
LOOK_S = 0.5
REPEAT_S = 120.0  # in the carrier's time: SendGrid's longest pause between two tries to tell us the same
LONGEST_GONE_S = 30.0  # of the web part at a time, for silence to prove anything
# Waits of minutes: how long a call goes on before it is asked about, a refused message waits, a breaker stays open, a hold is kept.
SHORTENED = """
from datetime import timedelta
from orchestrator import outcomes, receipts
from orchestrator.core.policies import held
from orchestrator.store import senders
outcomes.CALL_TAKES = timedelta(seconds=10)
receipts.AFTER_SILENCE = timedelta(seconds=2)
outcomes.FIRST_RETRY_S = 1.0
senders.BREAKER = timedelta(seconds=5)
held.ASK_AGAIN = timedelta(seconds=15)
from orchestrator.cli.main import main
main()
"""
BAD_DAY = Faults(  # one request in five, one callback in five of each kind
    too_many=0.02, error_before=0.02, hang_before=0.02, reset_before=0.02, redirect=0.01, html=0.015, huge=0.005,
    error_after=0.025, hang_after=0.02, reset_after=0.025, slow=0.02,
    doubled=0.2, shuffled=0.2, delayed=0.2, lost_once=0.2, hang_s=3.0, lookups=True,
)  # fmt: skip
PLAYBOOKS = {
    "mails": """
        - touchpoint: letter
          email: letter
        - touchpoint: survey
          email: survey
    """,
    "texts": """
        - touchpoint: note
          text: note
        - touchpoint: reminder
          text: reminder
          if_unknown: try again
    """,
    "calls": """
        - touchpoint: ring
          voice: ring
          if_unknown: try again
          outcomes:
            voicemail_left:
              - touchpoint: beside
                text: beside
            goal_met: continue
            not_reached: continue
            do_not_contact: continue
        - touchpoint: message
          voicemail: message
    """,
    "desk": """
        - touchpoint: check-in
          call: check-in
          queue: sales
          outcomes: {not_reached: continue}
        - touchpoint: thanks
          email: thanks
        - touchpoint: bye
          text: bye
    """,
}
WORDS = {
    "emails/survey.md": '---\nsubject: How did it go?\nsurvey: {scale: "0-10", ask: How did it go?, low: Badly, high: Well}\n---\nOne click.\n',
    "voices/ring.md": "---\nkeys: {1: confirm}\nvoicemail: This is a ring for your voicemail. {{ house.name }}\n---\nThis is a ring.\n",
}
AREAS = (312, 773, 630, 847, 708, 815, 217, 309, 618, 224)
DISPOSITIONS = (
    ("completed",) * 12 + ("no_answer",) * 3 + ("declined",) * 2 + ("voicemail_left",) * 2 + ("wrong_number", "do_not_contact")
)


class CarriedBusiness:
    """A database with published playbooks, a carrier, and processes that work on it."""

    def __init__(self, url: str, broker: str, folder: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.log = folder / "log.txt"
        self.port = _free_port()
        self.public_url = f"http://127.0.0.1:{self.port}"
        self._repeats = callbacks.LONGEST_REPEAT_S
        callbacks.LONGEST_REPEAT_S = REPEAT_S  # it grows to an hour, in which nobody here can prove anything
        self.carrier = Carrier(seed=seed, hooks=self.public_url, speed=SPEED)
        self.running = RunningCarrier(self.carrier)
        said = {
            "database_url": url, "broker_url": broker, "public_url": self.public_url, "port": self.port,
            "lease_seconds": LEASE_S, "provider_timeout_s": 1.5, "silence_proves_absence_s": SILENCE_S, "sends_at_once": 32,
            "texts_per_second": 60, "calls_per_second": 60, "emails_per_second": 40,
            "twilio_account_sid": credentials.ACCOUNT_SID, "twilio_auth_token": credentials.AUTH_TOKEN, "twilio_url": self.running.url,
            "text_from": credentials.TEXT_FROM, "caller_id": credentials.CALLER_ID,
            "sendgrid_api_key": credentials.SENDGRID_KEY, "sendgrid_url": self.running.url,
            "sendgrid_public_key": credentials.public_key(), "email_from": credentials.EMAIL_FROM,
        }  # fmt: skip
        self._environment = {f"TOUCHPOINT_{name.upper()}": str(value) for name, value in said.items()}
        self.settings = Settings(_env_file=None, **said)  # type: ignore[arg-type]  # as from the environment: it checks by itself
        self.parts = build(self.settings)
        upgrade(self.parts.database)
        texts = [designs.playbook(steps, name=name) for name, steps in PLAYBOOKS.items()]
        house = {**ALWAYS, "holidays": "[]"}
        authoring.publish(self.parts, designs.write(folder / "playbooks", *texts, house=house, words=WORDS), "ops")
        self.subjects = 0
        self._last_quote = 0.0
        self.kills = 0
        self._last_kill = utc_now()
        self._asked_once: dict[UUID, datetime] = {}
        self.staff_calls = 0
        self._processes: list[subprocess.Popen[bytes]] = []
        self._looked: tuple[float, str] = (0.0, "")
        self._closing = threading.Event()
        self._staff = threading.Thread(target=self._work_the_desk, name="staff", daemon=True)
        self._staff_failed: BaseException | None = None

    # -- processes ------------------------------------------------------------------------------------------------------

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """`touchpoint WORDS` as a process."""
        process = started(SHORTENED, words, self._environment, self.log)
        self._processes.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """kill -9, as the machine does when memory runs out."""
        assert process.poll() is None, "it ended by itself"
        process.send_signal(signal.SIGKILL)
        process.wait()
        self._processes.remove(process)
        self.kills += 1
        self._last_kill = utc_now()

    def starts_web(self, *words: str) -> subprocess.Popen[bytes]:
        """`touchpoint WORDS`, listening when this returns."""
        began = time.monotonic()
        process = self.start(*words)
        wait_for(self.hears, PATIENCE_S, "the web part is up")
        gone_s = time.monotonic() - began
        assert gone_s < LONGEST_GONE_S or self.subjects == 0, f"it took {gone_s:.0f} s: this machine is too busy for this story"
        return process

    def hears(self) -> bool:
        """Whether the web part takes connections."""
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def opens(self) -> None:
        """Staff come to work, and the bad day begins."""
        self.carrier.faults = BAD_DAY
        self._staff.start()

    # -- what happens ---------------------------------------------------------------------------------------------------

    def events(self, count: int) -> None:
        """So many quotes are sent, each to a customer of its own, each of which leads to all playbooks."""
        now, self._last_quote = utc_now(), time.monotonic()
        batch = []
        for _ in range(count):
            self.subjects += 1
            n = self.subjects
            new = self.parts.new_id()
            batch.append(NewEvent(new, "crm", str(n), "quote.sent", f"quote/{n}", now, now, {}, _somebody(n), f"h{n}", True))
        receipts = engine.handle_events(self.parts, batch)
        assert [len(r.enrollments) for r in receipts] == [len(PLAYBOOKS)] * count

    def effects(self) -> int:
        """How much the carrier has accepted."""
        return len(self.carrier.ledger())

    def the_day_gets_better(self) -> None:
        self.carrier.faults = NONE

    def goes_on(self) -> None:
        """Another customer's quote is sent when all that is left are e-mails in doubt: silence about them proves something only
        while others are reported.
        """
        if re.fullmatch(r"\d+ email in doubt", self.restless()) and time.monotonic() - self._last_quote > SILENCE_S / 4:
            self.events(1)

    def restless(self) -> str:
        """What still moves, in words; empty when everything is at rest or waits for a person."""
        if self._staff_failed is not None:
            raise AssertionError("staff could not go on") from self._staff_failed
        if time.monotonic() - self._looked[0] > LOOK_S:  # whoever looks all the time is in the way
            self._looked = time.monotonic(), self._moving()
        return self._looked[1]

    def _moving(self) -> str:
        touch, attempt, run = schema.touch, schema.attempt, schema.enrollment
        free = run.c.held_at.is_(None) & touch.c.state.in_((TouchState.PLANNED, TouchState.READY))
        busy = touch.c.state.in_((TouchState.SENDING, TouchState.CALLING, TouchState.IN_CALL))
        moving = select(touch.c.channel, touch.c.state, func.count()).join(run, run.c.id == touch.c.enrollment_id)
        waiting = select(func.count()).where(schema.inbox.c.state == "waiting")
        unknown = select(attempt.c.id, touch.c.channel, attempt.c.began_at, attempt.c.asked_at, run.c.ended_at)
        unknown = unknown.join(attempt, attempt.c.touch_id == touch.c.id).join(run, run.c.id == touch.c.enrollment_id)
        with self.parts.database.work() as work:
            rows = work.connection.execute(moving.where(or_(free, busy)).group_by(touch.c.channel, touch.c.state))
            said = [f"{n} {channel} {state}" for channel, state, n in rows]
            inbox = work.connection.execute(waiting).scalar_one()
            doubts = work.connection.execute(unknown.where(touch.c.state == TouchState.UNKNOWN, attempt.c.outcome == "unknown"))
            unasked = Counter(row.channel for row in doubts if not self._is_answered(*row))
        said += [f"{inbox} in the inbox"] * bool(inbox) + [f"{n} {channel} in doubt" for channel, n in sorted(unasked.items())]
        upcoming = self.carrier.next_at()  # what comes much later is the limit of a call that is over
        soon = upcoming is not None and upcoming < utc_now() + timedelta(seconds=SILENCE_S)
        return ", ".join([*said, *(["the carrier"] * soon)])

    def _is_answered(
        self, attempt: UUID, channel: str, began_at: datetime, asked_at: datetime | None, ended_at: datetime | None
    ) -> bool:
        """Whether an unknown touch stays what it is: its provider was asked late enough to say no (of e-mails silence says it), and
        what it said was written. A question is on record before its answer: the next question tells that the answer was taken in.
        """
        if asked_at is None or (channel == "email" and ended_at is None):
            return False  # an e-mail is tried again
        late = began_at + timedelta(seconds=SILENCE_S if channel == "email" else 2 * LEASE_S)
        if asked_at <= max(late, self._last_kill):  # a killed process takes no answer in
            return False
        return asked_at > self._asked_once.setdefault(attempt, asked_at)

    def states(self) -> Counter[str]:
        with self.parts.database.work() as work:
            rows = work.connection.execute(select(schema.touch.c.state, func.count()).group_by(schema.touch.c.state))
            return Counter({state: count for state, count in rows})

    def _work_the_desk(self) -> None:
        """One person takes calls and reads every second answer that comes in; the others wait to be read."""
        chance = random.Random(self.chance.random())
        try:
            while not self._closing.wait(0.2):
                while (task := desk.claim_next(self.parts, "ari")) is not None and not self._closing.is_set():
                    assert desk.finish(self.parts, task.touch, "ari", chance.choice(DISPOSITIONS)) is None
                    self.staff_calls += 1
                with self.parts.database.work() as work:
                    said = [row.id for row in replies.open_ones(work) if row.id.int % 2]
                for reply in said:
                    incoming.read(self.parts, reply, "ari", chance.choice(("go_on", "go_on", "end", "stop")))
        except BaseException as error:  # shell: the test says so
            self._staff_failed = error

    def close(self) -> None:
        self._closing.set()
        if self._staff.is_alive():
            self._staff.join(30)
        for process in list(self._processes):
            process.kill()
            process.wait()
        self.running.close()
        callbacks.LONGEST_REPEAT_S = self._repeats
        self.parts.database.close()


@contextlib.contextmanager
def carried_business(url: str, broker: str, folder: Path, seed: int) -> Iterator[CarriedBusiness]:
    """A business whose processes, carrier and staff are gone afterwards."""
    made = CarriedBusiness(url, broker, folder, seed)
    try:
        yield made
    except BaseException:
        print(made.log.read_text(errors="replace")[-3_000:] if made.log.exists() else "no log")
        raise
    finally:
        made.close()


def _somebody(n: int) -> dict[str, object]:
    """A customer of their own. Every second telephone and mailbox behaves as carrier/people.py says, the others as chance has it."""
    half = n // 2
    numbers, boxes = sorted(BY_NUMBER), sorted(BY_ADDRESS)
    phone = f"+1{AREAS[half // len(numbers) % len(AREAS)]}55501{numbers[half % len(numbers)]}"
    by_chance = f"+1555{half // 70:05}{20 + half % 70}"
    box = f"{boxes[half % len(boxes)]}+c{n}@example.com"
    return person(
        f"P{n}",
        phone=phone if n % 2 else by_chance,
        email=box if half % 2 else f"c{n}@example.com",
    )


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
