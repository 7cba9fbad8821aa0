"""Settings, from the environment (TOUCHPOINT_…) or a .env file. docs/settings.md says what each is for."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

IN_PROCESS = "memory://"  # the broker of the embedded form: one process, nothing to install


class Settings(BaseSettings):
    """Everything that differs between installations."""

    model_config = SettingsConfigDict(env_prefix="TOUCHPOINT_", env_file=".env", extra="ignore", frozen=True)

    database_url: str = "sqlite:///touchpoint.sqlite3"
    broker_url: SecretStr = SecretStr(IN_PROCESS)  # redis://…, rediss://…, redis+socket://…, amqp://…
    playbooks: Path = Path("playbooks")  # the folder that `touchpoint publish` reads
    edit_playbooks: bool = True  # whether the studio may write into it; where git alone decides: false
    public_url: str = "http://localhost:8000"  # how the outside reaches us
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    email_via: str = "sendgrid"  # names from channels/registry.py
    text_via: str = "twilio"
    voice_via: str = "twilio"  # calls that a provider makes by itself: voice and voicemail touchpoints
    ledger_file: Path = Path("touchpoint-ledger.jsonl")  # where the ledger channel writes what would be said
    lease_seconds: float = Field(default=120.0, gt=0, le=3600)  # of a claim; above the workers' task time limit (60 s)
    # Twilio. Without any account of Twilio or SendGrid, everything goes to the rehearsal carrier and nobody is contacted.
    twilio_account_sid: str = ""
    twilio_auth_token: SecretStr = SecretStr("")
    twilio_url: str = "https://api.twilio.com"
    text_from: str = ""  # E.164 number, or a Messaging Service (MG…)
    caller_id: str = ""  # E.164 number that calls show
    texts_per_second: float = Field(default=1.0, gt=0)  # what the provider lets this sender do; bursts are spread out
    calls_per_second: float = Field(default=1.0, gt=0)
    most_segments: int = Field(default=6, ge=1, le=10)  # of one text; more is not sent
    # SendGrid
    sendgrid_api_key: SecretStr = SecretStr("")
    sendgrid_url: str = "https://api.sendgrid.com"
    sendgrid_public_key: str = ""  # the Event Webhook's verification key
    email_from: str = ""
    email_from_name: str = ""  # empty: the company's name
    emails_per_second: float = Field(default=100.0, gt=0)
    # SMTP, the other way for e-mails
    smtp_host: str = "localhost"
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    provider_timeout_s: float = Field(default=15.0, gt=0, le=50)  # of one request to a provider, all in all
    sends_at_once: int = Field(default=16, ge=1, le=200)  # requests to one provider under way in one process
    silence_proves_absence_s: float = Field(default=26 * 3600.0, gt=0)  # e-mails: no report for so long, though others came
    carrier_url: str = "http://127.0.0.1:8010"  # the rehearsal carrier
    # The staff's own sign-in elsewhere (OpenID Connect); needs the extra [oidc]
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    oidc_name: str = "the company's directory"  # on the button: "Sign in with …"
    clock_ahead_s: float = 0.0  # of the real time, for the demo; refused where real customers are contacted
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @property
    def rehearsing(self) -> bool:
        """Whether nothing leads to real people (no account at a provider, no mail server): the rehearsal carrier stands in for both.

        Its keys are known to everybody, so hooks must not believe them as soon as one channel is real.
        """
        return not self.twilio_account_sid and not self.sendgrid_api_key.get_secret_value() and self.email_via != "smtp"

    @property
    def embedded(self) -> bool:
        """Whether everything runs in one process."""
        return self.broker_url.get_secret_value().startswith(IN_PROCESS)
