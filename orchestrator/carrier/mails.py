"""E-mails: accepted, delivered or not, opened, clicked, reported; each step an event as SendGrid tells it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from orchestrator.carrier import mail_shape
from orchestrator.carrier.agenda import Act
from orchestrator.carrier.browsing import Browser, Page, one_click_url
from orchestrator.carrier.callbacks import Callbacks
from orchestrator.carrier.people import AtMailbox
from orchestrator.carrier.refusals import Refused, sendgrid
from orchestrator.carrier.wire import Reply
from orchestrator.carrier.world import Entry, World, handle_among

AGENT = "Mozilla/5.0 (rehearsal)"
ADDRESS = "192.0.2.7"  # from the range kept for documentation


@dataclass(slots=True)
class Mail:
    """One e-mail to one person, as it arrived."""

    sid: str  # sg_message_id
    to: str
    to_name: str
    from_: str
    from_name: str
    reply_to: str
    subject: str
    text: str
    html: str
    headers: Mapping[str, str]
    categories: tuple[str, ...]
    arguments: Mapping[str, str]
    at: datetime
    handle: UUID | None
    times: int
    status: str = "accepted"
    happened: list[tuple[datetime, str, str]] = field(default_factory=list)  # when, which event, and what about

    def entry(self) -> Entry:
        body = self.text or self.html
        return Entry(
            "email", self.sid, self.handle, self.to, self.from_, self.subject, body, self.at, self.times, self.status, None, None
        )


class Mails:
    """All e-mails, oldest first."""

    def __init__(self, world: World, callbacks: Callbacks) -> None:
        self.world = world
        self.callbacks = callbacks
        self.by_sid: dict[str, Mail] = {}

    def create(self, body: Any) -> str | Refused:  # Any: JSON as it came
        """Take a mail/send request; answers its X-Message-Id, or why not."""
        if refused := mail_shape.check(body):
            return refused
        senders = [body["from"], *(one["from"] for one in body["personalizations"] if "from" in one)]
        if any(sender["email"].rpartition("@")[2].lower() not in self.world.senders for sender in senders):
            return sendgrid(403, "The from address does not match a verified Sender Identity.", "from")
        now = self.world.now()
        message_id = self.world.name("", 22)
        if body.get("mail_settings", {}).get("sandbox_mode", {}).get("enable"):
            return message_id
        with self.world.lock:
            mails = [mail for one in body["personalizations"] for mail in self._mails(body, one, message_id, now)]
            for mail in mails:
                self.by_sid[mail.sid] = mail
            self.world.changed()
        for mail in mails:
            self.world.agenda.after(0.5, self._process(mail), now=now, lane=mail.sid)
        return message_id

    def _mails(self, body: Mapping[str, Any], one: Mapping[str, Any], message_id: str, now: datetime) -> list[Mail]:
        """One mail for each recipient of a personalization."""
        swaps: Mapping[str, str] = one.get("substitutions", {})
        content = {part["type"]: _swapped(part["value"], swaps) for part in body["content"]}
        arguments = {**body.get("custom_args", {}), **one.get("custom_args", {})}
        headers = {**body.get("headers", {}), **one.get("headers", {})}
        sender = one.get("from", body["from"])
        reply_to: Mapping[str, str] = body.get("reply_to") or next(iter(body.get("reply_to_list", ())), {})
        handle = handle_among(arguments)
        return [
            Mail(
                sid=f"{message_id}.filter0001.{self.world.name('', 16)}",
                to=person["email"],
                to_name=person.get("name", ""),
                from_=sender["email"],
                from_name=sender.get("name", ""),
                reply_to=reply_to.get("email", ""),
                subject=_swapped(one.get("subject", body["subject"]), swaps),
                text=content.get("text/plain", ""),
                html=content.get("text/html", ""),
                headers={name: _swapped(value, swaps) for name, value in headers.items()},
                categories=tuple(body.get("categories", ())),
                arguments=arguments,
                at=now,
                handle=handle,
                times=self.world.times("email", handle, person["email"].lower()),
            )
            for group in ("to", "cc", "bcc")
            for person in one.get(group, ())
        ]

    def _process(self, mail: Mail) -> Act:
        def act(now: datetime) -> None:
            if why := self.world.suppressed.get(mail.to.lower()):
                self.tell(mail, "dropped", now, reason=why, status="5.0.0")
                return
            self.tell(mail, "processed", now)
            owner = self.world.mailbox(mail.to)
            self.world.agenda.after(
                self.world.chance(mail.sid).uniform(1, 4), lambda at: self._arrive(mail, owner, at), now=now, lane=mail.sid
            )

        return act

    def _arrive(self, mail: Mail, owner: AtMailbox, now: datetime, tries: int = 1) -> None:
        if owner.fate == "bounce":
            self.bounce(mail, now)
        elif owner.fate == "blocked":
            self.tell(mail, "bounce", now, reason="550 5.7.1 message refused", status="5.7.1", type="blocked")
        elif owner.fate == "deferred" and tries <= 2:
            self.tell(mail, "deferred", now, response="452 4.2.2 mailbox full, try again later", attempt=str(tries))
            self.world.agenda.after(
                300.0 * tries, lambda at: self._arrive(mail, owner, at, tries + 1), now=now, lane=mail.sid
            )  # fmt: skip
        else:
            self.tell(mail, "delivered", now, response="250 OK")
            if not self.world.manual:
                self._plan_reading(mail, owner, now)

    def _plan_reading(self, mail: Mail, owner: AtMailbox, now: datetime) -> None:
        chance = self.world.chance("reads", mail.sid)
        if owner.is_scanner:
            self.world.agenda.after(chance.uniform(1, 5), lambda at: self.scan(mail, at), now=now, lane=mail.to)
        if not owner.opens:
            return

        def read(at: datetime) -> None:
            self.open(mail, at)
            if owner.reports_spam:
                self.world.agenda.after(20, lambda then: self.report_spam(mail, then), now=at, lane=mail.to)
            if owner.unsubscribes:
                self.world.agenda.after(20, lambda then: self._unsubscribe(mail, then), now=at, lane=mail.to)
            if owner.clicks:
                self.world.agenda.after(20, lambda then: self._click_words(mail, owner.clicks, then), now=at, lane=mail.to)

        self.world.agenda.after(chance.uniform(60, 600), read, now=now, lane=mail.to)

    # What a person, or somebody at the page who plays one, does with an e-mail.

    def open(self, mail: Mail, now: datetime) -> None:
        """The person looks at it."""
        self.tell(mail, "open", now, useragent=AGENT, ip=ADDRESS)

    def click(self, mail: Mail, url: str, now: datetime) -> Reply:
        """The person follows a link of it, and sends the form that comes."""
        self.tell(mail, "click", now, url=url, useragent=AGENT, ip=ADDRESS)
        browser = Browser(self.world)
        there, page = browser.open(url)
        self.note(
            mail, "opened", now, f"{url.partition('?')[0]} answered {page.status}" if page.status else "outside of the rehearsal"
        )
        sent = browser.send_form(there, page) if page.is_good else None
        if sent is not None:
            self.note(mail, "sent the form", now, f"answered {sent.status}")
        return sent or page

    def unsubscribe(self, mail: Mail, now: datetime) -> Reply:
        """The person presses the mail program's unsubscribe button, which there is only for one-click addresses."""
        if not has_one_click(mail):
            self.note(mail, "unsubscribe", now, "the mail program shows no button: no one-click address")
            return Reply(0)
        reply = Browser(self.world).unsubscribe(_header(mail, "List-Unsubscribe"))
        self.note(mail, "unsubscribed", now, f"answered {reply.status}" if reply.status else "nobody answered")
        return reply

    def report_spam(self, mail: Mail, now: datetime) -> None:
        """The person presses the spam button; SendGrid drops what comes later."""
        self.world.suppressed[mail.to.lower()] = "Spam Reporting Address"
        self.tell(mail, "spamreport", now)

    def bounce(self, mail: Mail, now: datetime) -> None:
        """The mailbox does not exist; SendGrid drops what comes later."""
        self.world.suppressed[mail.to.lower()] = "Bounced Address"
        self.tell(mail, "bounce", now, reason="550 5.1.1 unknown recipient", status="5.1.1", type="bounce")

    def scan(self, mail: Mail, now: datetime) -> None:
        """A security scanner opens every link, by GET."""
        urls = [link.url for link in Page(mail.html).links]
        if listed := one_click_url(_header(mail, "List-Unsubscribe")):
            urls.append(listed)
        for url in dict.fromkeys(urls):
            Browser(self.world).open(url)
        self.note(mail, "scanned", now, f"{len(set(urls))} links opened")

    def tell(self, mail: Mail, event: str, now: datetime, **more: str) -> None:
        """An event of an e-mail, into the next post. The sender's arguments travel as fields of their own."""
        with self.world.lock:
            if event not in {"open", "click", "processed"} or mail.status == "accepted":
                mail.status = event
            mail.happened.append((now, event, more.get("reason") or more.get("response") or more.get("url") or ""))
            self.world.changed()
            number = len(mail.happened)
        told: dict[str, Any] = {
            **mail.arguments,
            "email": mail.to,
            "timestamp": int(now.timestamp()),
            "smtp-id": f"<{mail.sid.partition('.')[0]}@rehearsal.example>",
            "event": event,
            "sg_event_id": b64encode(f"{mail.sid[-16:]}{number:04d}{event[:4]}".encode()).decode(),
            "sg_message_id": mail.sid,
            **more,
        }
        if mail.categories:
            told["category"] = mail.categories[0] if len(mail.categories) == 1 else list(mail.categories)
        self.callbacks.sendgrid(told, now)

    def note(self, mail: Mail, what: str, now: datetime, about: str) -> None:
        """Something that only the page shows."""
        with self.world.lock:
            mail.happened.append((now, what, about))
            self.world.changed()

    def _unsubscribe(self, mail: Mail, now: datetime) -> None:
        self.unsubscribe(mail, now)

    def _click_words(self, mail: Mail, words: str, now: datetime) -> None:
        for link in Page(mail.html).links:
            if link.words == words:
                self.click(mail, link.url, now)
                return
        self.note(mail, "looked for", now, f"a link that says {words}: there is none")


def has_one_click(mail: Mail) -> bool:
    """Whether a mail program would show an unsubscribe button of its own."""
    posts = _header(mail, "List-Unsubscribe-Post").replace(" ", "").lower()
    return posts == "list-unsubscribe=one-click" and one_click_url(_header(mail, "List-Unsubscribe")) is not None


def _header(mail: Mail, name: str) -> str:
    return next((value for key, value in mail.headers.items() if key.lower() == name.lower()), "")


def _swapped(text: str, swaps: Mapping[str, str]) -> str:
    """Substitutions as SendGrid makes them: each tag literally, wherever it stands."""
    for tag, value in swaps.items():
        text = text.replace(tag, value)
    return text
