"""Links that customers follow out of e-mails: long-lived, unguessable, with nothing of theirs in them.

A link names the attempt and carries a signature. The secret is the installation's own and lives in its database, so that links
work for years, in every process.
"""

from __future__ import annotations

import base64
import hashlib
from uuid import UUID

from itsdangerous import BadSignature, Signer

from orchestrator.store.database import Work
from orchestrator.store.secrets import secret

UNSUBSCRIBE, SURVEY = "/u", "/s"  # + /token


class Links:
    """Makes links, and reads them back."""

    def __init__(self, public_url: str) -> None:
        self._base = public_url.rstrip("/")
        self._signers: dict[str, Signer] = {}

    @property
    def public_url(self) -> str:
        """How the outside reaches us, without a slash at its end."""
        return self._base

    def unsubscribe(self, work: Work, attempt: UUID) -> str:
        """One click ends e-mails to whoever got this one (RFC 8058: a POST without cookies; a GET only asks)."""
        return f"{self._base}{UNSUBSCRIBE}/{self._token(work, UNSUBSCRIBE, attempt)}"

    def survey(self, work: Work, attempt: UUID, points: range) -> list[tuple[int, str]]:
        """A link for each point of a scale."""
        base = f"{self._base}{SURVEY}/{self._token(work, SURVEY, attempt)}"
        return [(point, f"{base}?answer={point}") for point in points]

    def read(self, work: Work, what: str, token: str) -> UUID | None:
        """The attempt that a token names; None when it is not one of ours."""
        try:
            raw = self._signer(work, what).unsign(token.encode("utf-8", "replace"))
            return UUID(bytes=base64.urlsafe_b64decode(raw + b"=="))
        except (BadSignature, ValueError):
            return None

    def _token(self, work: Work, what: str, attempt: UUID) -> str:
        named = base64.urlsafe_b64encode(attempt.bytes).rstrip(b"=")
        return self._signer(work, what).sign(named).decode()

    def _signer(self, work: Work, what: str) -> Signer:
        if what not in self._signers:
            self._signers[what] = Signer(secret(work, "links"), salt=f"touchpoint{what}", digest_method=hashlib.sha256)
        return self._signers[what]
