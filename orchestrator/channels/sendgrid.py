"""E-mails through SendGrid, by its own SDK. Messages that share their shell go together; every answer finds its own message.

SendGrid has no key that makes a request happen once, and a 202 holds for the whole request. So a request whose outcome is not
known leaves all of its messages unknown, and one that was refused may be taken apart and tried again.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from orchestrator.channels.base import Accepted, Answer, Found, Held, Outgoing, RejectedPermanent, RejectedSafe, Sought, Unknown
from orchestrator.channels.letter import Unsendable, address, header_line, part_of
from orchestrator.channels.sendgrid_answers import Apart, read_answer
from orchestrator.channels.sendgrid_batches import Batches, Recipient
from orchestrator.channels.sendgrid_events import reference
from orchestrator.channels.transport import NoAnswer, NotSent, Transport
from orchestrator.clock import Clock
from orchestrator.config import Settings

if TYPE_CHECKING:
    from sendgrid import SendGridAPIClient

TOO_LATE = RejectedSafe("it was too late to begin")
_KEY = re.compile(r"[!-~]{1,500}")  # what a header line can carry

Answers = list[tuple[Recipient, Answer]]


@dataclass(slots=True)
class _Round:
    """One call of `send`. When the sender is refused, requests that have not begun are not tried."""

    stopped: Held | RejectedSafe | None = None


@dataclass(frozen=True, slots=True)
class _Outcome:
    answers: Answers
    again: list[list[Recipient]] = field(default_factory=list)  # refused together; each of these goes on its own


class SendGrid:
    """Sends e-mails; what became of them comes back by the Event Webhook (sendgrid_events.py)."""

    name = "sendgrid"
    carries = ("email",)

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._lock = threading.Lock()
        self._made: tuple[SendGridAPIClient, ThreadPoolExecutor] | None = None

    def send(self, batch: Sequence[Outgoing]) -> list[Answer]:
        if not batch:
            return []
        if missing := self._missing():
            return [Held(missing, "settings")] * len(batch)
        client, pool = self._ready()
        current, batches = _Round(), Batches()
        answers: dict[int, Answer] = {}
        going: set[Future[_Outcome]] = set()

        def begin(request: list[Recipient]) -> None:
            going.add(pool.submit(self._go, client, request, current))

        for at, message in enumerate(batch):
            try:
                one = self._recipient(at, message)
            except Unsendable as wrong:
                answers[at] = RejectedPermanent(str(wrong))
                continue
            for request in batches.add(one):
                begin(request)
        for request in batches.rest():
            begin(request)
        while going:
            done, _ = wait(going, return_when=FIRST_COMPLETED)
            going -= done
            for outcome in (future.result() for future in done):
                answers.update((one.at, answer) for one, answer in outcome.answers)
                for request in outcome.again:
                    begin(request)
        return [answers[at] for at in range(len(batch))]

    def find(self, sought: Sequence[Sought]) -> Mapping[UUID, Found]:
        """SendGrid sells its list of messages separately; the Event Webhook tells instead."""
        return {one.handle: "cannot tell" for one in sought}

    def _missing(self) -> str | None:
        """What of the settings is not there yet."""
        if not _KEY.fullmatch(self._settings.sendgrid_api_key.get_secret_value()):
            return "TOUCHPOINT_SENDGRID_API_KEY is not set, or is none"
        try:
            address(self._settings.email_from, "TOUCHPOINT_EMAIL_FROM")
        except Unsendable as wrong:
            return f"{wrong}: set it to a sender that is verified at SendGrid"
        return None

    def _ready(self) -> tuple[SendGridAPIClient, ThreadPoolExecutor]:
        """The client and the threads, made at the first e-mail: importing the SDK costs, and a fork would lose the threads."""
        with self._lock:
            if self._made is None:
                from orchestrator.channels.sendgrid_mail import api_client

                settings = self._settings
                transport = Transport(total_s=settings.provider_timeout_s, pool=settings.sends_at_once)
                client = api_client(settings.sendgrid_api_key.get_secret_value(), settings.sendgrid_url, transport)
                self._made = client, ThreadPoolExecutor(settings.sends_at_once, thread_name_prefix="sendgrid")
            return self._made

    def _recipient(self, at: int, message: Outgoing) -> Recipient:
        """The message made ready. Raises Unsendable."""
        sender = address(self._settings.email_from, "TOUCHPOINT_EMAIL_FROM")
        return Recipient(
            at, message, address(message.to, "the customer's address"), part_of(message),
            (sender, header_line(self._settings.email_from_name or message.company.name)),
            address(message.reply_to, "the reply-to address") if message.reply_to else None,
            tuple(name for name in (message.playbook, message.touchpoint) if name),
        )  # fmt: skip

    def _go(self, client: Any, request: list[Recipient], current: _Round) -> _Outcome:  # Any: the SDK has no types
        """Make one request, in a thread of its own."""
        from orchestrator.channels.sendgrid_mail import ApiKeyIncludedException, mail_of

        now = self._clock()
        answers: Answers = [(one, TOO_LATE) for one in request if now >= one.message.not_after]
        people = [one for one in request if now < one.message.not_after]
        if not people:
            return _Outcome(answers)
        if current.stopped is not None:
            return _Outcome(answers + [(one, current.stopped) for one in people])
        result: Answer | Apart
        try:
            response = client.client.mail.send.post(request_body=mail_of(people).get())
            result = read_answer(response.status_code, response.headers, response.body, now, many=len(people) > 1)
        except ApiKeyIncludedException:
            result = RejectedPermanent("it begins with something that looks like an API key of SendGrid")
        except NotSent as why:
            result = RejectedSafe(str(why))
        except NoAnswer as why:
            result = Unknown(str(why))
        if isinstance(result, Held) or (isinstance(result, RejectedSafe) and result.slow_down):
            current.stopped = result
        match result:
            case Apart.EACH:
                return _Outcome(answers, [[one] for one in people])
            case Apart.HALVES:
                middle = len(people) // 2
                return _Outcome(answers, [people[:middle], people[middle:]])
            case Accepted(ref=message_id):
                return _Outcome(answers + [(one, Accepted(reference(message_id, one.message.handle))) for one in people])
            case _:
                return _Outcome(answers + [(one, result) for one in people])
