"""The code of an authenticator app (TOTP, RFC 6238): half a minute each, one step of grace, and none is taken twice."""

from __future__ import annotations

import hmac
from datetime import datetime

STEP_S = 30
GRACE = 1  # steps: clocks of telephones are off, and people type slowly


def new_secret() -> str:
    """What the app and we will share."""
    import pyotp  # here: only few requests need it

    return pyotp.random_base32()


def uri(secret: str, name: str) -> str:
    """What the square picture says."""
    import pyotp

    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name="Touchpoint")


def picture(secret: str, name: str) -> str:
    """The square picture that the app reads, as a data: address of an image."""
    import segno

    return segno.make(uri(secret, name), error="m").svg_data_uri(scale=5, border=3, dark="#000", light="#fff")


def step_of(secret: str, typed: str, now: datetime) -> int | None:
    """Which half minute's code was typed; None for a wrong one, or one that is too old or to come."""
    import pyotp

    code = "".join(typed.split())
    if len(code) != 6 or not (code.isascii() and code.isdigit()):
        return None
    current, made = int(now.timestamp()) // STEP_S, pyotp.TOTP(secret)
    found = None
    for step in range(current - GRACE, current + GRACE + 1):
        if hmac.compare_digest(made.generate_otp(step), code):
            found = step  # no early end: all take the same time
    return found
