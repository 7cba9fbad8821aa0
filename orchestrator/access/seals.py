"""What browsers carry for us and cannot change: small signed notes, each for one use and until one moment.

Everybody can read a note; only this installation can write one (its secret "access" is in its database). The moment is part of
the note, so that time is an argument here as everywhere.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from orchestrator.store.database import Database, Work
from orchestrator.store.secrets import secret

_MOST = 6_000  # characters of a note: browsers keep cookies of 4,096


class Seals:
    """Writes notes and reads them back."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._secret = ""

    def put(self, use: str, content: Mapping[str, Any], until: datetime) -> str:
        """A note with this content, for this use only."""
        return str(self._signer(use).dumps({**content, "until": int(until.timestamp())}))

    def read(self, use: str, note: str, now: datetime) -> Mapping[str, Any] | None:
        """What the note says; None for one that is not ours, was made for another use, or is too old."""
        if not note or len(note) > _MOST:
            return None
        try:
            content = self._signer(use).loads(note.encode("utf-8", "replace"))
        except BadData:
            return None
        return content if content["until"] > now.timestamp() else None

    def digest(self, use: str, text: str) -> str:
        """A name for the text that nobody without our secret can make or guess back: 64 hex digits."""
        return hmac.new(f"{use}:{self._key()}".encode(), text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()

    def learn(self, work: Work) -> None:
        """Read the secret in a unit of work that is open: a second one inside it would wait for the first."""
        self._secret = self._secret or secret(work, "access")

    def _signer(self, use: str) -> URLSafeSerializer:
        return URLSafeSerializer(self._key(), salt=f"touchpoint/{use}", signer_kwargs={"digest_method": hashlib.sha256})

    def _key(self) -> str:
        if not self._secret:
            self._secret = self._database.run(lambda work: secret(work, "access"))
        return self._secret
