"""Without an account at a provider, the rehearsal carrier stands in for it: the same code, nobody contacted."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import SecretStr

from orchestrator.carrier import credentials
from orchestrator.channels.registry import HARMLESS
from orchestrator.clock import Clock, utc_now
from orchestrator.config import Settings
from orchestrator.listening import another

if TYPE_CHECKING:
    from orchestrator.carrier.running import RunningCarrier


def rehearsed(settings: Settings) -> Settings:
    """The settings with the carrier's address and its made-up accounts; unchanged where a real account is named."""
    if not settings.rehearsing:
        return settings
    return settings.model_copy(
        update={
            "twilio_account_sid": credentials.ACCOUNT_SID,
            "twilio_auth_token": SecretStr(credentials.AUTH_TOKEN),
            "twilio_url": settings.carrier_url,
            "text_from": settings.text_from or credentials.TEXT_FROM,
            "caller_id": settings.caller_id or credentials.CALLER_ID,
            "sendgrid_api_key": SecretStr(credentials.SENDGRID_KEY),
            "sendgrid_url": settings.carrier_url,
            "sendgrid_public_key": credentials.public_key(),
            "email_from": settings.email_from or (credentials.EMAIL_FROM if settings.email_via == "sendgrid" else ""),
        }
    )


def practises(settings: Settings) -> bool:
    """Whether anything would go to the rehearsal carrier."""
    return settings.rehearsing and bool({settings.email_via, settings.text_via, settings.voice_via} - HARMLESS - {"smtp"})


def beside(settings: Settings, clock: Clock = utc_now) -> RunningCarrier:
    """The rehearsal carrier in a thread of this process, at the address that the settings name; a context manager."""
    from orchestrator.carrier.carrier import Carrier
    from orchestrator.carrier.running import RunningCarrier

    there = urlsplit(settings.carrier_url)
    senders = [s for s in (settings.text_from, settings.caller_id, settings.email_from.partition("@")[2]) if s]
    carrier = Carrier(clock, hooks=settings.public_url, senders=senders)
    host, port = there.hostname or "127.0.0.1", there.port or 8010
    elsewhere = f"set TOUCHPOINT_CARRIER_URL=http://{f'[{host}]' if ':' in host else host}:{another(port)}"
    return RunningCarrier(carrier, host=host, port=port, otherwise=elsewhere)
