"""Signing in through the company's directory (OpenID Connect): authorization code with PKCE, state and nonce.

The directory says who somebody is; whether they may come in, and as what, is ours to say: it never makes members. Somebody is found
by the directory's own name for them, and the first time by an e-mail address that it has verified.
"""

from __future__ import annotations

import hmac
import importlib.util
import logging
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from orchestrator.config import Settings
from orchestrator.core.roles import Role
from orchestrator.errors import SettingsError, TouchpointError
from orchestrator.parts import Parts
from orchestrator.store import audit, staff
from orchestrator.store.audit import By
from orchestrator.store.database import Work
from orchestrator.store.staff import Member

log = logging.getLogger(__name__)
BACK = "/sign-in/directory/back"
TAKES = timedelta(minutes=10)  # from our button to coming back
ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]  # with the directory's public key; never "none", never our own secret
LEEWAY_S = 60  # by which clocks may differ
TIMEOUT_S = 8.0  # of each question to the directory
KNOWN_FOR = timedelta(hours=1)  # its addresses and keys; an unknown key is asked for at once
_MOST = 4_000  # characters of a code
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Refused(TouchpointError):
    """The directory, or what came back from it, lets nobody in. The message is for the log, without personal data."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """Where the browser goes, and what it has to bring back."""

    url: str
    note: Mapping[str, str]  # state, nonce, verifier


@dataclass(frozen=True, slots=True)
class Claims:
    """What the directory says about somebody."""

    subject: str  # issuer and subject
    verified_email: str | None


def directory_of(settings: Settings, find: Callable[[str], object | None] = importlib.util.find_spec) -> Directory | None:
    """The directory that the settings name; None when they name none. Raises SettingsError."""
    if not settings.oidc_issuer:
        return None
    parts = urlsplit(settings.oidc_issuer)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise SettingsError("TOUCHPOINT_OIDC_ISSUER is the https address of the directory, e.g. https://login.example.com")
    if not settings.oidc_client_id:
        raise SettingsError("TOUCHPOINT_OIDC_ISSUER needs TOUCHPOINT_OIDC_CLIENT_ID: what the directory calls this installation")
    if any(find(name) is None for name in ("authlib", "joserfc")):
        raise SettingsError(
            "TOUCHPOINT_OIDC_ISSUER is set, and what speaks with it is not installed: pip install 'touchpoint-orchestrator[oidc]'"
        )
    return Directory(settings)


class Directory:
    """One OpenID provider."""

    def __init__(self, settings: Settings) -> None:
        self.name = settings.oidc_name
        self._issuer = settings.oidc_issuer
        self._id, self._secret = settings.oidc_client_id, settings.oidc_client_secret.get_secret_value()
        self._back = settings.public_url.rstrip("/") + BACK
        self._lock = threading.Lock()
        self._told: tuple[datetime, Mapping[str, Any], Any] | None = None

    def leave(self, now: datetime) -> Leaving:
        """Begin: the address of its sign-in page. Raises Refused when it cannot be reached."""
        about, _ = self._known(now)
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        with self._session() as session:
            url, _ = session.create_authorization_url(
                about["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
            )
        return Leaving(str(url), {"state": state, "nonce": nonce, "verifier": verifier})

    def come_back(self, query: Mapping[str, str], note: Mapping[str, str], now: datetime) -> Claims:
        """Who came back. Raises Refused: nobody whom we can believe."""
        if not hmac.compare_digest(query.get("state", "").encode(), note["state"].encode()):
            raise Refused("the state is not the one that was sent along")
        if query.get("iss", self._issuer) != self._issuer:
            raise Refused("another issuer answered")
        code = query.get("code", "")
        if "error" in query or not 0 < len(code) <= _MOST:
            raise Refused("the directory sent no code")
        about, keys = self._known(now)
        token = self._exchange(about["token_endpoint"], code, note["verifier"])
        claims = self._checked(token, keys, note["nonce"], now)
        email = claims.get("email") if claims.get("email_verified") is True else None
        return Claims(f"{self._issuer} {claims['sub']}"[:400], email if isinstance(email, str) and "@" in email else None)

    def _exchange(self, endpoint: str, code: str, verifier: str) -> str:
        from authlib.common.errors import AuthlibBaseError  # type: ignore[import-untyped]  # authlib has no types
        from requests import RequestException

        try:
            with self._session() as session:
                answer = session.fetch_token(
                    endpoint, code=code, code_verifier=verifier, timeout=TIMEOUT_S, allow_redirects=False
                )
        except (AuthlibBaseError, RequestException, ValueError) as error:
            raise Refused(f"the directory did not take the code ({type(error).__name__})") from None
        token = answer.get("id_token") if isinstance(answer, Mapping) else None
        if not isinstance(token, str):
            raise Refused("the directory sent no id_token")
        return token

    def _checked(self, token: str, keys: Any, nonce: str, now: datetime) -> Mapping[str, Any]:  # Any: joserfc's KeySet
        from joserfc import jwt
        from joserfc.errors import InvalidKeyIdError, JoseError

        wanted = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=LEEWAY_S,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            try:
                claims = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
            except InvalidKeyIdError:  # it has new keys since we asked
                claims = jwt.decode(token, self._ask(now)[1], algorithms=ALGORITHMS).claims
            wanted.validate(claims)
        except (JoseError, ValueError) as error:
            raise Refused(f"the id_token is not to be believed ({type(error).__name__}: {error})") from None
        audience = claims["aud"]
        if not claims["sub"] or (isinstance(audience, list) and len(audience) > 1 and claims.get("azp") != self._id):
            raise Refused("the id_token was made for somebody else, too")
        return claims

    def _known(self, now: datetime) -> tuple[Mapping[str, Any], Any]:
        with self._lock:
            told = self._told
        if told is not None and timedelta(0) <= now - told[0] < KNOWN_FOR:
            return told[1], told[2]
        return self._ask(now)

    def _ask(self, now: datetime) -> tuple[Mapping[str, Any], Any]:
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        about = _json_at(self._issuer.rstrip("/") + "/.well-known/openid-configuration")
        if about.get("issuer") != self._issuer:
            raise Refused("the directory calls itself otherwise than TOUCHPOINT_OIDC_ISSUER does")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not isinstance(about.get(name), str):
                raise Refused(f"the directory names no {name}")
        try:
            keys = KeySet.import_key_set(_json_at(about["jwks_uri"]))  # type: ignore[arg-type]  # checked by the call
        except (JoseError, KeyError, TypeError, ValueError) as error:
            raise Refused(f"the directory's keys cannot be read ({type(error).__name__})") from None
        with self._lock:
            self._told = (now, about, keys)
        return about, keys

    def _session(self) -> Any:  # Any: authlib has no types
        from authlib.integrations.requests_client import OAuth2Session  # type: ignore[import-untyped]  # authlib has no types

        how = "client_secret_basic" if self._secret else "none"
        return OAuth2Session(
            self._id, self._secret or None, scope="openid email profile", redirect_uri=self._back,
            code_challenge_method="S256", token_endpoint_auth_method=how,
        )  # fmt: skip


def member_for(parts: Parts, work: Work, claims: Claims, now: datetime) -> Member:
    """The member whom the directory means; bound to its name for them from the first time on. Raises Refused."""
    found = staff.by_subject(work, claims.subject)
    if found is None:
        if claims.verified_email is None:
            raise Refused("the directory has not verified their e-mail address")
        having = [m for m in staff.by_email(work, claims.verified_email) if m.disabled_at is None]
        if len(having) != 1:
            raise Refused(f"{len(having)} members have that e-mail address")
        found = having[0]
        bound = staff.secrets_of(work, found.id)
        if bound is None or bound.oidc_subject is not None:
            raise Refused("that member is somebody else in the directory")
        staff.change(work, found.id, {"oidc_subject": claims.subject})
        said = f"{found.name} came through the directory for the first time"
        audit.note(work, By(found.name, Role(found.role)), "member.directory", f"member:{found.id}", said, now)
    if found.disabled_at is not None:
        raise Refused("the member is disabled")
    return found


def _json_at(url: str) -> Mapping[str, Any]:
    import requests

    try:
        answer = requests.get(url, timeout=TIMEOUT_S, allow_redirects=False, headers={"Accept": "application/json"})
        answer.raise_for_status()
        found = answer.json()
    except (requests.RequestException, ValueError) as error:
        raise Refused(f"the directory cannot be reached ({type(error).__name__})") from None
    if answer.status_code != 200 or not isinstance(found, dict):
        raise Refused("the directory answered nonsense")
    return found
