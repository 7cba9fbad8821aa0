"""An e-mail, and the channel that hands it to a mail server on this machine."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from orchestrator.channels.base import Company, Outgoing
from orchestrator.channels.smtp import Smtp
from orchestrator.config import Settings
from orchestrator.ids import new_id

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


def message(to: str = "dana@example.com", **more: object) -> Outgoing:
    plain = Outgoing(
        new_id(), "email", NOW + timedelta(minutes=1), to, "Hi **Dana**, grüß dich.\n\n.\n\nBye.", "Your quote — ready",
        company=Company("Harbor & Pine", address="18 Pine Street"), unsubscribe_url=f"https://touch.example.com/u/{'a' * 150}",
    )  # fmt: skip
    return replace(plain, **more)  # type: ignore[arg-type]  # fields by name


def channel(port: int, **more: object) -> Smtp:
    fields: dict[str, object] = {
        "smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": "none", "email_from": "hello@harborandpine.example.com",
        "provider_timeout_s": 5.0,
    }  # fmt: skip
    return Smtp(Settings(_env_file=None, **(fields | more)), lambda: NOW)  # type: ignore[arg-type]  # fields by name
