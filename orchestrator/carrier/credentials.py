"""What stands where an account's keys would stand. Derived from words: no secret, and the same on every machine."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from functools import cache
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

# Order of the curve P-256, less one: a private key is a number from 1 to here.
_LARGEST_KEY = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632550

ACCOUNT_SID = "AC" + sha256(b"rehearsal carrier: account").hexdigest()[:32]
AUTH_TOKEN = sha256(b"rehearsal carrier: auth token").hexdigest()[:32]
SENDGRID_KEY = "SG." + ".".join(
    urlsafe_b64encode(sha256(words).digest()[:length]).decode().rstrip("=")
    for words, length in ((b"rehearsal carrier: key id", 16), (b"rehearsal carrier: key", 32))
)
TEXT_FROM = "+13125550100"
CALLER_ID = TEXT_FROM
EMAIL_FROM = "hello@rehearsal.example"


@cache
def private_key() -> ec.EllipticCurvePrivateKey:
    """What the carrier signs e-mail events with, as SendGrid does."""
    number = int.from_bytes(sha256(b"rehearsal carrier: event webhook").digest())
    return ec.derive_private_key(number % _LARGEST_KEY + 1, ec.SECP256R1())


def public_key() -> str:
    """The verification key in base64, as SendGrid's settings page shows it."""
    shown = private_key().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return b64encode(shown).decode()
