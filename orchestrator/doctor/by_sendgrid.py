"""Whether SendGrid would take our e-mails, and whether we could believe what it reports."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from orchestrator.channels.letter import Unsendable, address
from orchestrator.config import Settings
from orchestrator.doctor.asking import Said, Silent, ask
from orchestrator.doctor.finding import Finding

KEY = re.compile(r"[!-~]{1,500}")  # what a header line can carry
# Their owners tell every mailbox to refuse what others send in their name (DMARC).
NOT_OURS = ("gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "yahoo.com", "aol.com", "icloud.com")
LATER = "look at the network, and at status.sendgrid.com; then ask again"


def look_at_sendgrid(settings: Settings) -> Iterator[Finding]:
    """Nothing where SendGrid carries nothing, or the rehearsal carrier stands in for it."""
    if settings.rehearsing or settings.email_via != "sendgrid":
        return
    yield _keys(settings)
    yield sender(settings, "sendgrid.sender")
    yield _signature(settings)


def sender(settings: Settings, check: str) -> Finding:
    """Whether e-mails have an address to come from."""
    try:
        ours = address(settings.email_from, "TOUCHPOINT_EMAIL_FROM")
    except Unsendable:
        found = "TOUCHPOINT_EMAIL_FROM is not set" if not settings.email_from else "TOUCHPOINT_EMAIL_FROM is no e-mail address"
        return Finding(check, "error", f"{found}: no e-mail can go out", "set it to an address on a domain of your own")
    domain = ours.rpartition("@")[2].lower()
    if domain in NOT_OURS:
        found = f"mailboxes refuse e-mails in the name of {domain} that others send"
        return Finding(check, "warning", found, "set TOUCHPOINT_EMAIL_FROM to an address on a domain of your own")
    return Finding(check, "ok", f"e-mails come from {ours}")


def _keys(settings: Settings) -> Finding:
    check, key = "sendgrid.keys", settings.sendgrid_api_key.get_secret_value()
    make = "make one under Settings, API Keys: Restricted Access with Mail Send"
    if not key:
        hint = f"set TOUCHPOINT_SENDGRID_API_KEY ({make}), or TOUCHPOINT_EMAIL_VIA to smtp or ledger"
        return Finding(check, "error", "only Twilio's account is named: e-mails cannot go out", hint)
    if not KEY.fullmatch(key):
        return Finding(check, "error", "TOUCHPOINT_SENDGRID_API_KEY has characters that no key has", make)
    match ask(settings, f"{settings.sendgrid_url.rstrip('/')}/v3/scopes", {"Authorization": f"Bearer {key}"}):
        case Silent(why):
            return Finding(check, "warning", f"SendGrid could not be asked: {why}", LATER)
        case Said(401 | 403 as status):
            hint = f"correct TOUCHPOINT_SENDGRID_API_KEY ({make}); an account in the EU needs TOUCHPOINT_SENDGRID_URL"
            return Finding(check, "error", f"SendGrid does not accept this key (status {status})", hint)
        case Said(200, body) if isinstance(body.get("scopes"), list):
            if "mail.send" not in body["scopes"]:
                return Finding(check, "error", "this key may not send mail", make)
            return Finding(check, "ok", "SendGrid accepts the key, and it may send mail")
        case Said(status):
            return Finding(check, "warning", f"this is not what SendGrid would answer (status {status})", LATER)


def _signature(settings: Settings) -> Finding:
    """Whether bounces, spam reports and unsubscribes can be believed."""
    check, given = "sendgrid.signature", "".join(settings.sendgrid_public_key.split())
    hint = "copy the Verification Key from Settings, Mail Settings, Event Webhook to TOUCHPOINT_SENDGRID_PUBLIC_KEY"
    if not given:
        return Finding(check, "error", "without the verification key no bounce or unsubscribe of SendGrid is believed", hint)
    if not _is_ec_key(given):
        return Finding(check, "error", "TOUCHPOINT_SENDGRID_PUBLIC_KEY is no verification key", hint)
    return Finding(check, "ok", "reports of SendGrid can be verified")


def _is_ec_key(text: str) -> bool:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        return isinstance(load_der_public_key(base64.b64decode(text, validate=True)), EllipticCurvePublicKey)
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        return False
