"""Twilio's parameters as its documents give them: names, types, patterns. What does not fit is refused, as real mistakes are found here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit

from orchestrator.carrier.refusals import Refused, twilio

Type = Literal["text", "whole", "decimal", "flag", "url", "moment"]
Given = Mapping[str, Sequence[str]]  # as a form gives them: each name with all its values


@dataclass(frozen=True, slots=True)
class Parameter:
    """What one parameter may be."""

    type: Type = "text"
    is_required: bool = False
    is_list: bool = False
    choices: tuple[str, ...] = ()
    prefix: str = ""  # of a vendor's name: "AP" means AP and 32 hexadecimal digits
    least: int | None = None
    most: int | None = None
    only_said: tuple[str, ...] = ()  # choices that the document names in prose only


TEXT, WHOLE, FLAG, URL, MOMENT = Parameter(), Parameter("whole"), Parameter("flag"), Parameter("url"), Parameter("moment")
METHOD = Parameter(choices=("GET", "POST"))
REQUIRED = Parameter(is_required=True)
PAGE_SIZE = Parameter("whole", least=1, most=1000)
PAGE = Parameter("whole", least=0)
CALL_STATUSES = ("queued", "ringing", "in-progress", "completed", "busy", "failed", "no-answer", "canceled")

CREATE_MESSAGE: Mapping[str, Parameter] = {
    "To": REQUIRED,
    "StatusCallback": URL,
    "ApplicationSid": Parameter(prefix="AP"),
    "MaxPrice": Parameter("decimal"),
    "ProvideFeedback": FLAG,
    "Attempt": WHOLE,
    "ValidityPeriod": Parameter("whole", least=1, most=36_000),
    "ForceDelivery": FLAG,
    "ContentRetention": Parameter(choices=("retain", "discard")),
    "AddressRetention": Parameter(choices=("retain", "obfuscate")),
    "SmartEncoded": FLAG,
    "PersistentAction": Parameter(is_list=True),
    "TrafficType": Parameter(choices=("free",)),
    "ShortenUrls": FLAG,
    "ScheduleType": Parameter(choices=("fixed",)),
    "SendAt": MOMENT,
    "SendAsMms": FLAG,
    "ContentVariables": TEXT,
    "RiskCheck": Parameter(choices=("enable", "disable")),
    "From": TEXT,
    "FallbackFrom": TEXT,
    "MessagingServiceSid": Parameter(prefix="MG"),
    "Body": TEXT,
    "MediaUrl": Parameter("url", is_list=True),
    "ContentSid": Parameter(prefix="HX"),
}
LIST_MESSAGES: Mapping[str, Parameter] = {
    "To": TEXT,
    "From": TEXT,
    "DateSent": MOMENT,
    "DateSent<": MOMENT,
    "DateSent>": MOMENT,
    "PageSize": PAGE_SIZE,
    "Page": PAGE,
    "PageToken": TEXT,
}
CREATE_CALL: Mapping[str, Parameter] = {
    "To": REQUIRED,
    "From": REQUIRED,
    "Method": METHOD,
    "FallbackUrl": URL,
    "FallbackMethod": METHOD,
    "StatusCallback": URL,
    "StatusCallbackEvent": Parameter(is_list=True, only_said=("initiated", "ringing", "answered", "completed")),
    "StatusCallbackMethod": METHOD,
    "SendDigits": TEXT,
    "Timeout": Parameter("whole", least=1, most=600),
    "Record": FLAG,
    "RecordingChannels": Parameter(only_said=("mono", "dual")),
    "RecordingStatusCallback": TEXT,
    "RecordingStatusCallbackMethod": METHOD,
    "SipAuthUsername": TEXT,
    "SipAuthPassword": TEXT,
    "MachineDetection": Parameter(only_said=("Enable", "DetectMessageEnd")),
    "MachineDetectionTimeout": Parameter("whole", least=3, most=59),
    "RecordingStatusCallbackEvent": Parameter(is_list=True, only_said=("in-progress", "completed", "absent")),
    "Trim": Parameter(only_said=("trim-silence", "do-not-trim")),
    "CallerId": TEXT,
    "MachineDetectionSpeechThreshold": Parameter("whole", least=1000, most=6000),
    "MachineDetectionSpeechEndThreshold": Parameter("whole", least=500, most=5000),
    "MachineDetectionSilenceTimeout": Parameter("whole", least=2000, most=10_000),
    "AsyncAmd": Parameter(only_said=("true", "false")),
    "AsyncAmdStatusCallback": URL,
    "AsyncAmdStatusCallbackMethod": METHOD,
    "Byoc": Parameter(prefix="BY"),
    "CallReason": TEXT,
    "CallToken": TEXT,
    "RecordingTrack": Parameter(only_said=("inbound", "outbound", "both")),
    "TimeLimit": WHOLE,
    "ClientNotificationUrl": URL,
    "Url": URL,
    "Twiml": TEXT,
    "ApplicationSid": Parameter(prefix="AP"),
}
UPDATE_CALL: Mapping[str, Parameter] = {
    "Url": URL,
    "Method": METHOD,
    "Status": Parameter(choices=("canceled", "completed")),
    "FallbackUrl": URL,
    "FallbackMethod": METHOD,
    "StatusCallback": URL,
    "StatusCallbackMethod": METHOD,
    "Twiml": TEXT,
    "TimeLimit": WHOLE,
}
LIST_CALLS: Mapping[str, Parameter] = {
    "To": TEXT,
    "From": TEXT,
    "ParentCallSid": Parameter(prefix="CA"),
    "Status": Parameter(choices=CALL_STATUSES),
    "StartTime": MOMENT,
    "StartTime<": MOMENT,
    "StartTime>": MOMENT,
    "EndTime": MOMENT,
    "EndTime<": MOMENT,
    "EndTime>": MOMENT,
    "PageSize": PAGE_SIZE,
    "Page": PAGE,
    "PageToken": TEXT,
}
# Where Twilio has a code of its own for what is missing or wrong.
MISSING = {("call", "To"): 21201, ("call", "From"): 21213, ("message", "To"): 21604}
WRONG = {("call", "Url"): 21205, ("call", "StatusCallback"): 21609, ("message", "StatusCallback"): 21609}


def check(table: Mapping[str, Parameter], given: Given, about: Literal["call", "message"]) -> Refused | None:
    """The refusal of the first parameter that does not fit; None when all do."""
    for name, values in given.items():
        if name not in table:
            return twilio(20001, more=f"there is no parameter {name}")
        allowed = table[name]
        if len(values) > 1 and not allowed.is_list:
            return twilio(20001, more=f"{name} was given {len(values)} times")
        for value in values:
            if wrong := _what_is_wrong(allowed, value):
                code = 21403 if allowed is METHOD else WRONG.get((about, name), 20001)
                return twilio(code, more=f"{name} {wrong}")
    for name, allowed in table.items():
        if allowed.is_required and not any(given.get(name, ())):
            return twilio(MISSING[(about, name)])
    return None


def moment(text: str) -> datetime | None:
    """A date (midnight UTC) or a date with time, as Twilio takes them; None for anything else."""
    try:
        read = datetime.fromisoformat(text + "T00:00:00Z" if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else text)
    except ValueError:
        return None
    return read if read.tzinfo is not None else None


def _what_is_wrong(allowed: Parameter, value: str) -> str:
    choices = allowed.choices or allowed.only_said
    if choices and value not in choices:
        return f"must be one of {', '.join(choices)}"
    if allowed.prefix and not re.fullmatch(f"{allowed.prefix}[0-9a-fA-F]{{32}}", value):
        return f"must be {allowed.prefix} and 32 hexadecimal digits"
    match allowed.type:
        case "whole":
            if not re.fullmatch(r"-?\d{1,18}", value):
                return "must be a whole number"
            if (allowed.least is not None and int(value) < allowed.least) or (
                allowed.most is not None and int(value) > allowed.most
            ):
                return f"must be from {allowed.least} to {allowed.most}"
        case "decimal":
            if not re.fullmatch(r"\d{1,12}(\.\d{1,12})?", value):
                return "must be a number"
        case "flag":
            if value.lower() not in {"true", "false"}:
                return "must be true or false"
        case "url":
            if not is_url(value):
                return "must be an http or https address"
        case "moment":
            if moment(value) is None:
                return "must be a date such as 2026-11-20, or a date with time and zone"
        case "text":
            pass
    return ""


def is_url(text: str) -> bool:
    """Whether it is an address that can be posted to."""
    try:
        there = urlsplit(text)
        _ = there.port  # raises for a port that is none
    except ValueError:
        return False
    return there.scheme in {"http", "https"} and bool(there.hostname) and not re.search(r"[\s\x00-\x1f]", text)
