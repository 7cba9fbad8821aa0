"""Whether the mail server would take our e-mails: it answers, encrypts, and lets us in."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from contextlib import suppress

from orchestrator.channels.base import Held
from orchestrator.channels.smtp import Smtp
from orchestrator.config import Settings
from orchestrator.doctor.asking import patience_s
from orchestrator.doctor.by_sendgrid import sender
from orchestrator.doctor.finding import BUILT, Finding


def look_at_smtp(settings: Settings) -> Iterator[Finding]:
    """Nothing where no e-mail goes by SMTP."""
    if settings.email_via != "smtp":
        return
    ours = sender(settings, "smtp.sender")
    yield ours
    if ours.state != "error":
        yield _login(settings)


def _login(settings: Settings) -> Finding:
    """Connect exactly as the channel does, and leave again."""
    check, where = "smtp.login", f"{settings.smtp_host}:{settings.smtp_port}"
    quick = settings.model_copy(update={"provider_timeout_s": patience_s(settings)})
    talk = Smtp(quick, lambda: BUILT).connect(settings.email_from)
    match talk:
        case smtplib.SMTP():
            with suppress(smtplib.SMTPException, OSError):  # it let us in; how it says goodbye changes nothing
                talk.quit()
            talk.close()
            how = {"starttls": "encrypted", "tls": "encrypted", "none": "NOT encrypted"}[settings.smtp_security]
            user = "logged in" if settings.smtp_user else "without a login"
            hint = (
                ""
                if settings.smtp_security != "none"
                else "set TOUCHPOINT_SMTP_SECURITY to starttls: names and words travel in the open"
            )
            return Finding(check, "ok" if not hint else "warning", f"{where} answers, {how}, {user}", hint)
        case Held(why):
            return Finding(check, "error", f"{where}: {why}", "correct the TOUCHPOINT_SMTP_ settings")
        case other:
            hint = "look at the network, TOUCHPOINT_SMTP_HOST, _PORT and _SECURITY (port 465 is tls, 587 is starttls)"
            return Finding(check, "warning", f"{where}: {getattr(other, 'why', 'no answer')}", hint)
