"""Whether Twilio would take our texts and calls: the account, the numbers, and where its numbers send what comes in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from orchestrator.channels.hook_urls import INCOMING_CALL, INCOMING_TEXT, hook
from orchestrator.config import Settings
from orchestrator.doctor.asking import Said, Silent, ask
from orchestrator.doctor.finding import Finding

ACCOUNT_SID = re.compile(r"AC[0-9a-fA-F]{32}")
NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")
KEYS = "TOUCHPOINT_TWILIO_ACCOUNT_SID and TOUCHPOINT_TWILIO_AUTH_TOKEN"
TEST_CREDENTIALS = 20008  # Twilio's code when it is asked for an account by its test credentials
LATER = "look at the network, and at status.twilio.com; then ask again"

Owned = Mapping[str, Any] | None  # a number of the account as Twilio describes it; Any: what its JSON held


def look_at_twilio(settings: Settings) -> Iterator[Finding]:
    """Nothing where Twilio carries nothing, or the rehearsal carrier stands in for it."""
    if settings.rehearsing or "twilio" not in (settings.text_via, settings.voice_via):
        return
    account = _account(settings)
    yield account
    reachable = account.state != "error" and account.hint != LATER
    if settings.text_via == "twilio":
        yield from _texts(settings, reachable=reachable)
    if settings.voice_via == "twilio":
        yield from _calls(settings, reachable=reachable)


def _account(settings: Settings) -> Finding:
    check, sid = "twilio.keys", settings.twilio_account_sid
    token = settings.twilio_auth_token.get_secret_value()
    if not sid:
        hint = (
            "set TOUCHPOINT_TWILIO_ACCOUNT_SID and TOUCHPOINT_TWILIO_AUTH_TOKEN, or TOUCHPOINT_TEXT_VIA and …_VOICE_VIA to ledger"
        )
        return Finding(check, "error", "only SendGrid's account is named: texts and calls cannot go out", hint)
    if not ACCOUNT_SID.fullmatch(sid):
        hint = "copy the Account SID from the Console's first page: AC and 32 more characters (SK… is an API key, which signs no hooks)"
        return Finding(check, "error", "TOUCHPOINT_TWILIO_ACCOUNT_SID is no Account SID", hint)
    if not token:
        return Finding(check, "error", "TOUCHPOINT_TWILIO_AUTH_TOKEN is not set", "copy it from the Console's first page")
    said = _asked(settings, "")
    match said:
        case Silent(why):
            return Finding(check, "warning", f"Twilio could not be asked: {why}", LATER)
        case Said(status, body) if status == 403 and body.get("code") == TEST_CREDENTIALS:
            hint = "use the live credentials; for practice the rehearsal carrier does more than they do"
            return Finding(check, "error", "these are Twilio's test credentials: nothing would arrive", hint)
        case Said(401 | 403 | 404 as status):
            return Finding(check, "error", f"Twilio does not accept these keys (status {status})", f"correct {KEYS}")
        case Said(200, body) if body.get("sid") == sid:
            return _standing(check, str(body.get("status")), str(body.get("type")))
        case Said(status):
            return Finding(check, "warning", f"this is not what Twilio would answer (status {status})", LATER)


def _standing(check: str, status: str, kind: str) -> Finding:
    if status != "active":
        return Finding(check, "error", f"the Twilio account is {status[:20]}", "the Console says why: often its balance")
    if kind == "Trial":
        hint = "it reaches only numbers verified in the Console (Verified Caller IDs); upgrade it before the first customer"
        return Finding(check, "warning", "the Twilio account is a trial", hint)
    return Finding(check, "ok", "the Twilio account is active")


def _texts(settings: Settings, *, reachable: bool) -> Iterator[Finding]:
    check, sender = "twilio.sender", settings.text_from
    if not sender:
        hint = "set it to a number of yours that sends texts (+1…), or to a Messaging Service (MG…)"
        yield Finding(check, "error", "TOUCHPOINT_TEXT_FROM is not set: no text can go out", hint)
    elif SERVICE.fullmatch(sender):
        hint = "see in the Console that it has a registered sender, and that its Integration sends a webhook to " + hook(
            settings.public_url, INCOMING_TEXT
        )
        yield Finding(check, "ok", "texts go out by a Messaging Service", hint)
    elif not NUMBER.fullmatch(sender):
        hint = "write the number with its country and no spaces, +13125550142, or the Messaging Service's SID, MG…"
        yield Finding(check, "error", "TOUCHPOINT_TEXT_FROM is neither a number nor a Messaging Service", hint)
    elif reachable:
        yield from _number(settings, check, sender, "sms", "texts", INCOMING_TEXT)
    else:
        yield Finding(check, "warning", f"whether {sender} is ours could not be asked", "see twilio.keys")


def _calls(settings: Settings, *, reachable: bool) -> Iterator[Finding]:
    check, caller = "twilio.caller", settings.caller_id
    if not caller:
        hint = "set it to a number of yours that can call, +1…"
        yield Finding(check, "error", "TOUCHPOINT_CALLER_ID is not set: no call can go out", hint)
    elif not NUMBER.fullmatch(caller):
        hint = "write the number with its country and no spaces, +13125550142"
        yield Finding(check, "error", "TOUCHPOINT_CALLER_ID is no telephone number", hint)
    elif reachable:
        yield from _number(settings, check, caller, "voice", "calls", INCOMING_CALL)
    else:
        yield Finding(check, "warning", f"whether {caller} is ours could not be asked", "see twilio.keys")


def _number(settings: Settings, check: str, number: str, kind: str, what: str, path: str) -> Iterator[Finding]:
    """One of our numbers: that it is ours, can do it, and hands on what comes in. kind: sms or voice."""
    owned = _owned(settings, number, "IncomingPhoneNumbers", "incoming_phone_numbers")
    if isinstance(owned, Silent):
        yield Finding(check, "warning", f"whether {number} is ours could not be asked: {owned.why}", LATER)
        return
    if owned is None and kind == "voice" and _owned(settings, number, "OutgoingCallerIds", "outgoing_caller_ids"):
        hint = "whoever calls it back reaches its owner, not us: a number bought at Twilio does both"
        yield Finding(check, "ok", f"calls show {number}, a verified caller ID", hint)
        return
    if owned is None:
        hint = "the Console lists yours under Phone Numbers, Active numbers"
        yield Finding(check, "error", f"{number} does not belong to this Twilio account", hint)
        return
    able = owned.get("capabilities")
    if isinstance(able, dict) and able.get(kind) is False:
        yield Finding(check, "error", f"{number} cannot do {what}", "take a number with that capability")
        return
    yield Finding(check, "ok", f"{what} go out from {number}")
    yield _comes_in(settings, owned, kind, what, hook(settings.public_url, path))


def _comes_in(settings: Settings, owned: Mapping[str, Any], kind: str, what: str, ours: str) -> Finding:
    """Whether what customers send to this number reaches us."""
    check = f"twilio.incoming_{what}"
    if owned.get(f"{kind}_application_sid") or (kind == "voice" and owned.get("trunk_sid")):
        return Finding(check, "warning", f"{what} to this number go to an application of their own", f"they should go to {ours}")
    if owned.get(f"{kind}_url") == ours and owned.get(f"{kind}_method", "POST") == "POST":
        return Finding(check, "ok", f"{what} to this number come to us")
    field = "A message comes in" if kind == "sms" else "A call comes in"
    hint = f"in the Console, at this number, set '{field}' to Webhook, {ours}, HTTP POST"
    return Finding(check, "warning", f"{what} to this number do not come to us", hint)


def _owned(settings: Settings, number: str, resource: str, rows: str) -> Owned | Silent:
    said = _asked(settings, f"/{resource}", f"?PhoneNumber={quote(number)}&PageSize=50")
    if isinstance(said, Silent):
        return said
    if said.status != 200:
        return Silent(f"status {said.status}") if resource == "IncomingPhoneNumbers" else None
    return next((row for row in said.objects(rows) if row.get("phone_number") == number), None)


def _asked(settings: Settings, resource: str, query: str = "") -> Said | Silent:
    base, sid = settings.twilio_url.rstrip("/"), settings.twilio_account_sid
    auth = (sid, settings.twilio_auth_token.get_secret_value())
    return ask(settings, f"{base}/2010-04-01/Accounts/{sid}{resource}.json{query}", auth=auth)
