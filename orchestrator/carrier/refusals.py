"""What the vendors say when they refuse, as values; and Twilio's codes in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Refused:
    """An answer in the vendor's own error form."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


TWILIO_WORDS = {
    20001: "Invalid parameter",
    20003: "Authenticate",
    20004: "Method not allowed",
    20404: "The requested resource was not found",
    20429: "Too Many Requests",
    20500: "Internal Server Error",
    21201: "No 'To' number is specified",
    21205: "Url is not a valid URL",
    21210: "The source phone number provided is not yet verified for your account",
    21211: "Invalid 'To' Phone Number",
    21212: "Invalid 'From' Number",
    21213: "No 'From' number specified",
    21215: "Account not authorized to call this number. Perhaps you need to enable some international permissions",
    21216: "Account not allowed to call this phone number",
    21220: "Unable to update record. Call is not in-progress. Cannot redirect.",
    21403: "Invalid Method",
    21408: "Permission to send an SMS has not been enabled for the region indicated by the 'To' number",
    21602: "Message body is required",
    21603: "A 'From' phone number is required",
    21604: "A 'To' phone number is required",
    21606: "The 'From' phone number provided is not a valid message-capable Twilio phone number",
    21609: "Invalid 'StatusCallback' URL",
    21610: "Attempt to send to unsubscribed recipient",
    21614: "'To' number is not a valid mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit",
}
DELIVERY_WORDS = {
    30003: "Unreachable destination handset",
    30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Message filtered",
}


def twilio(code: int, status: int = 400, more: str = "", headers: Mapping[str, str] | None = None) -> Refused:
    """Twilio's form: code, message, more_info, status. Never repeats what was sent, as numbers are personal."""
    words = TWILIO_WORDS[code] + (f": {more}" if more else "")
    info = f"https://www.twilio.com/docs/errors/{code}"
    return Refused(status, {"code": code, "message": words, "more_info": info, "status": status}, headers or {})


def sendgrid(status: int, message: str, field_: str | None = None, headers: Mapping[str, str] | None = None) -> Refused:
    """SendGrid's form: a list of errors with message, field and help."""
    return Refused(status, {"errors": [{"message": message, "field": field_, "help": None}]}, headers or {})
