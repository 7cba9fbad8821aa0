"""Who may: `Authorization: Bearer tp_…`, and the scopes of that key."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Request

from orchestrator.errors import Problem
from orchestrator.keys import Keyring
from orchestrator.store.keys import Key
from orchestrator.web.answers import Refused

_HOW = "send the header 'Authorization: Bearer tp_…' with a key from 'touchpoint key create'"


def authenticated(keyring: Keyring) -> Callable[[Request], Key]:
    """A dependency that answers with the key of the request; 401 when there is none that opens anything."""

    def key_of(request: Request) -> Key:
        given = request.headers.getlist("authorization")
        if len(given) != 1:
            what = "there is no key" if not given else "there is more than one Authorization header"
            raise Refused(401, Problem(what, _HOW, "Authorization"), WWW_Authenticate="Bearer")
        scheme, _, secret = given[0].strip().partition(" ")
        key = keyring.key(secret.strip()) if scheme.lower() == "bearer" else None
        if key is None:
            # One answer for a wrong key, a revoked one and another scheme: it tells nobody which keys there were.
            raise Refused(
                401, Problem("the key is not known", _HOW, "Authorization"), WWW_Authenticate='Bearer error="invalid_token"'
            )
        return key

    return key_of


def require(key: Key, scope: str) -> None:
    """403 unless the key has the scope."""
    if scope not in key.scopes:
        hint = f"make a key with it: touchpoint key create NAME --scope {scope}"
        challenge = f'Bearer error="insufficient_scope", scope="{scope}"'
        raise Refused(
            403, Problem(f"the key '{key.name}' lacks the scope {scope}", hint, "Authorization"), WWW_Authenticate=challenge
        )
