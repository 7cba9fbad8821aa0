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
    public_url: str = "http://localhost:8000"  # how the outside reaches us
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    email_via: str = "ledger"  # names from channels/registry.py
    text_via: str = "ledger"
    voicemail_via: str = "ledger"
    ledger_file: Path = Path("touchpoint-ledger.jsonl")  # where the ledger channel writes what would be said
    lease_seconds: float = Field(default=120.0, gt=0, le=3600)  # of a claim; above the workers' task time limit (60 s)
    clock_ahead_s: float = 0.0  # of the real time, for the demo; refused where anything but the ledger carries messages
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @property
    def embedded(self) -> bool:
        """Whether everything runs in one process."""
        return self.broker_url.get_secret_value().startswith(IN_PROCESS)
