"""E-mails through any mail server, one connection for a batch: a channel is one file, and this one needs nothing but Python.

Until the server has begun to take the words (DATA), nothing went out. From then on only its own answer tells.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as WITH_CRLF
from uuid import UUID

from orchestrator.channels.base import Accepted, Answer, Found, Held, Outgoing, RejectedPermanent, RejectedSafe, Sought, Unknown
from orchestrator.channels.letter import Unsendable, address, header_line, letter
from orchestrator.clock import Clock
from orchestrator.config import Settings

TOO_LATE = RejectedSafe("it was too late to begin")


@dataclass(frozen=True, slots=True)
class _Ready:
    """An e-mail that can be handed over."""

    to: str
    data: bytes
    message_id: str


class Smtp:
    """Sends e-mails by SMTP. What a mailbox says afterwards goes to the sender's address, not to us."""

    name = "smtp"
    carries = ("email",)

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock

    def send(self, batch: Sequence[Outgoing]) -> list[Answer]:
        if not batch:
            return []
        try:
            sender = address(self._settings.email_from, "TOUCHPOINT_EMAIL_FROM")
        except Unsendable as wrong:
            return [Held(f"{wrong}: set it to the address that e-mails come from", "settings")] * len(batch)
        answers: list[Answer] = []
        talk: smtplib.SMTP | None = None
        over: Answer | None = None  # the server cannot be used: what all that follow are answered
        for message in batch:
            name = self._settings.email_from_name or message.company.name
            now = self._clock()
            try:
                ready = _ready(message, sender, name, now)
            except Unsendable as wrong:
                answers.append(RejectedPermanent(str(wrong)))
                continue
            if now >= message.not_after:
                answers.append(TOO_LATE)
                continue
            if talk is None and over is None:
                opened = self.connect(sender)
                talk, over = (opened, None) if isinstance(opened, smtplib.SMTP) else (None, opened)
            if talk is None:
                assert over is not None, "there is a connection, or a reason why not"
                answers.append(over)
                continue
            if self._clock() >= message.not_after:  # connecting took its time
                answers.append(TOO_LATE)
                continue
            answer = self._hand_over(talk, sender, ready)
            answers.append(answer)
            if isinstance(answer, Held) or (isinstance(answer, RejectedSafe) and answer.slow_down):
                over = answer
            if over is not None or not (isinstance(answer, Accepted) or _is_ready_again(talk)):
                talk.close()
                talk = None
        if talk is not None:
            _part(talk)
        return answers

    def find(self, sought: Sequence[Sought]) -> Mapping[UUID, Found]:
        """A mail server has no list to look into."""
        return {one.handle: "cannot tell" for one in sought}

    def connect(self, sender: str) -> smtplib.SMTP | Answer:
        """A connection that is ready to take messages, or what the whole batch is answered."""
        # The domain is our name in the greeting; by default it is the machine's, looked up with DNS and shown to the world.
        talk = self._new_talk(sender.rpartition("@")[2])
        try:
            with _ended_after(talk, self._settings.provider_timeout_s):
                refused = self._greet(talk)
        except ssl.SSLCertVerificationError:
            refused = Held("the mail server's certificate is not good for the name in TOUCHPOINT_SMTP_HOST")
        except smtplib.SMTPNotSupportedError:
            refused = Held("the mail server does not offer what TOUCHPOINT_SMTP_SECURITY and TOUCHPOINT_SMTP_USER ask for")
        except UnicodeError:
            refused = Held(
                "TOUCHPOINT_SMTP_HOST, TOUCHPOINT_SMTP_USER or TOUCHPOINT_SMTP_PASSWORD has letters that cannot be sent"
            )
        except (smtplib.SMTPException, OSError) as error:
            refused = RejectedSafe(f"the mail server could not be reached ({type(error).__name__})")
        if refused is None:
            return talk
        talk.close()
        return refused

    def _new_talk(self, ours: str) -> smtplib.SMTP:
        settings = self._settings
        talk: smtplib.SMTP
        if settings.smtp_security == "tls":
            talk = smtplib.SMTP_SSL(
                local_hostname=ours, timeout=settings.provider_timeout_s, context=ssl.create_default_context()
            )
        else:
            talk = smtplib.SMTP(local_hostname=ours, timeout=settings.provider_timeout_s)
        # The name that the certificate is checked for. Given to the constructor it would connect at once, with nobody watching.
        talk._host = settings.smtp_host  # type: ignore[attr-defined]
        return talk

    def _greet(self, talk: smtplib.SMTP) -> Answer | None:
        """Connect, encrypt and log in. None when all went well."""
        settings = self._settings
        code, _ = talk.connect(settings.smtp_host, settings.smtp_port)
        if code != 220:
            return _of_sender(code)
        talk.ehlo_or_helo_if_needed()
        if settings.smtp_security == "starttls":
            talk.starttls(context=ssl.create_default_context())
            talk.ehlo()
        if not settings.smtp_user:
            return None
        try:
            talk.login(settings.smtp_user, settings.smtp_password.get_secret_value())
        except smtplib.SMTPAuthenticationError as error:
            if error.smtp_code < 500:
                return RejectedSafe(f"the mail server could not check the password now ({error.smtp_code})")
            return Held("the mail server does not accept TOUCHPOINT_SMTP_USER and TOUCHPOINT_SMTP_PASSWORD", str(error.smtp_code))
        return None

    def _hand_over(self, talk: smtplib.SMTP, sender: str, letter: _Ready) -> Answer:
        """Give one e-mail to the server."""
        began = False
        try:
            with _ended_after(talk, self._settings.provider_timeout_s):
                code, _ = talk.mail(sender)
                if code != 250:
                    return _of_sender(code)
                code, said = talk.rcpt(letter.to)
                if code not in (250, 251):
                    return _of_recipient(code, said)
                began = True
                code, _ = talk.data(letter.data)
                if 400 <= code < 600:
                    return _of_words(code)
                return Accepted(letter.message_id) if code == 250 else Unknown(f"the mail server answered {code} to the e-mail")
        except smtplib.SMTPDataError as error:  # it refused the word DATA
            return _of_words(error.smtp_code)
        except (smtplib.SMTPException, OSError) as error:
            if began:
                return Unknown(f"the mail server did not say whether it took the e-mail ({type(error).__name__})")
            return RejectedSafe(f"the mail server went away before it took the e-mail ({type(error).__name__})")


@contextmanager
def _ended_after(talk: smtplib.SMTP, seconds: float) -> Iterator[None]:
    """Break the connection when this takes longer: a socket's own time-out begins again with every byte that a slow server sends."""

    def end() -> None:
        sock = talk.sock
        if sock is not None:
            with suppress(OSError):  # it is closed already
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _is_ready_again(talk: smtplib.SMTP) -> bool:
    """Whether the connection can take another e-mail after one that was not accepted."""
    try:
        return talk.sock is not None and talk.rset()[0] == 250
    except (smtplib.SMTPException, OSError):
        return False


def _part(talk: smtplib.SMTP) -> None:
    """Say goodbye; a server that does not answer is left alone."""
    try:
        talk.quit()
    except (smtplib.SMTPException, OSError):
        talk.close()


def _of_sender(code: int) -> Answer:
    """The server's refusal of us: at the greeting or at MAIL FROM."""
    if code >= 500:
        return Held(
            f"the mail server refuses our sender ({code}): look at TOUCHPOINT_EMAIL_FROM and TOUCHPOINT_SMTP_USER", str(code)
        )
    return RejectedSafe(f"the mail server asks to try later ({code})", slow_down=True)


def _of_recipient(code: int, said: bytes) -> Answer:
    if code in (421, 530, 535):  # it closes, or wants a password: that is about us
        return _of_sender(code)
    if code < 500:
        return RejectedSafe(f"the mail server does not take mail for this mailbox now ({code})")
    # Only its own words "no such mailbox" make an address dead: a plain 550 is also what servers say to senders they dislike.
    dead = re.match(rb"5\.1\.(?:1|2|3|6|10)\b", said.strip()) is not None
    return RejectedPermanent(f"the mail server refuses this mailbox ({code})", contact_point_is_dead=dead, code=str(code))


def _of_words(code: int) -> Answer:
    if code < 500:
        return RejectedSafe(f"the mail server does not take the e-mail now ({code})", slow_down=code == 421)
    return RejectedPermanent(f"the mail server refuses the e-mail ({code})", code=str(code))


def _ready(message: Outgoing, sender: str, from_name: str, now: datetime) -> _Ready:
    """The e-mail as a mail server takes it. Raises Unsendable."""
    to = address(message.to, "the customer's address")
    if not (to.isascii() and sender.isascii()):
        raise Unsendable("an address has letters that plain mail servers do not carry")
    words = letter(message)
    message_id = f"<{message.handle}@{sender.rpartition('@')[2]}>"
    mail = EmailMessage(policy=WITH_CRLF)
    mail["From"] = Address(header_line(from_name), addr_spec=sender)
    mail["To"] = Address(addr_spec=to)
    mail["Subject"] = words.subject
    if message.reply_to:
        mail["Reply-To"] = Address(addr_spec=address(message.reply_to, "the reply-to address"))
    mail["Date"] = now
    mail.set_content(words.text, cte="quoted-printable")
    mail.add_alternative(words.html, subtype="html", cte="quoted-printable")
    # Written by hand: the library encodes values that it cannot fold, and an encoded List-Unsubscribe or Message-ID is none.
    # Both are checked: an address that passed as one, a handle, links without spaces or line breaks.
    by_hand = {"Message-ID": message_id, **words.headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in by_hand.items())
    return _Ready(to, lines.encode("ascii") + mail.as_bytes(), message_id)
