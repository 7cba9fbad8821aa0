"""Providers' codes: what each means for us, what we do about it, and how we say it to people. One row a code.

Twilio's were each looked up in its error dictionary (twilio.com/docs/api/errors); those that could not be confirmed there are
left out and count as unknown. Codes are only added when something follows from them or people deserve better words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from orchestrator.channels.base import Answer, Held, RejectedPermanent, RejectedSafe
from orchestrator.core.receipts import Report, Scope

Meaning = Literal["permanent", "safe", "held", "undelivered", "delivered"]
Action = Literal["none", "suppress", "dead", "hold"]


@dataclass(frozen=True, slots=True)
class Code:
    """A provider's code."""

    provider: str
    code: str
    result: Meaning  # of the message or call that got it
    action: Action  # on the contact point (suppress, dead) or on our sender (hold), beyond this one message
    words: str  # for people


def _twilio(code: int, result: Meaning, action: Action, words: str) -> Code:
    return Code("twilio", str(code), result, action, words)


# "hold" only where nothing from this sender can go out until somebody mends it. A country that is switched off, or a trial's
# unverified number, concerns one customer: others must not wait for it. A number that takes no texts may take calls: not dead.
_TWILIO = (
    # the account and its keys
    _twilio(10001, "held", "hold", "The Twilio account is not active (funds, or its terms of use)"),
    _twilio(10004, "safe", "none", "Too many calls at once for the Twilio account"),
    _twilio(20003, "held", "hold", "Twilio does not accept the account's keys"),
    _twilio(20005, "held", "hold", "The Twilio account is not active (funds, or not yet activated)"),
    _twilio(20006, "held", "hold", "Twilio denies these keys access"),
    _twilio(20403, "held", "hold", "Twilio forbids this to these keys"),
    _twilio(20404, "held", "hold", "Twilio knows no such account at this address"),
    _twilio(20429, "safe", "none", "Twilio asks us to slow down"),
    _twilio(90010, "held", "hold", "The Twilio account is suspended"),
    # calls that were not made
    _twilio(21201, "permanent", "none", "There was no number to call"),
    _twilio(21202, "permanent", "none", "The number is a premium number"),
    _twilio(21203, "permanent", "none", "Calls to this country are not enabled for our account"),
    _twilio(21205, "held", "hold", "Twilio cannot use our public address for calls"),
    _twilio(21210, "held", "hold", "The caller's number that we show is not verified with Twilio"),
    _twilio(21211, "permanent", "dead", "There is no such telephone number"),
    _twilio(21212, "held", "hold", "Our own sender is not a number that Twilio accepts"),
    _twilio(21213, "held", "hold", "Our own number is missing"),
    _twilio(21214, "permanent", "none", "The number cannot be reached"),
    _twilio(21215, "permanent", "none", "Calls to this country are not enabled for our account"),
    _twilio(21216, "permanent", "none", "Twilio blocks calls to this number"),
    _twilio(21217, "permanent", "dead", "This is not a valid telephone number"),
    _twilio(21219, "permanent", "none", "A trial account can only call numbers that were verified with Twilio"),
    # texts that were not taken
    _twilio(21408, "permanent", "none", "Texts to this country are not enabled for our account"),
    _twilio(21601, "held", "hold", "Our sender is not a number of our Twilio account"),
    _twilio(21603, "held", "hold", "The sender of texts is missing"),
    _twilio(21606, "held", "hold", "Our sender cannot send texts from this account"),
    _twilio(21608, "permanent", "none", "A trial account can only text numbers that were verified with Twilio"),
    _twilio(21609, "held", "hold", "Twilio cannot use our public address for reports"),
    _twilio(21610, "permanent", "suppress", "The recipient has unsubscribed from our texts"),
    _twilio(21611, "safe", "none", "Too many texts of our sender wait at Twilio"),
    _twilio(21612, "permanent", "none", "Twilio cannot carry a text from our sender to this number"),
    _twilio(21614, "permanent", "none", "The number takes no texts"),
    _twilio(21617, "permanent", "none", "The text is longer than 1,600 characters"),
    _twilio(21618, "permanent", "none", "The carriers filter what the text says"),
    _twilio(21619, "permanent", "none", "The text is empty"),
    _twilio(21635, "permanent", "none", "The number is a landline, which takes no texts"),
    _twilio(21659, "held", "hold", "Our sender is not a number of Twilio"),
    _twilio(21660, "held", "hold", "Our sender belongs to another Twilio account"),
    _twilio(21661, "held", "hold", "Our sender cannot send texts"),
    _twilio(21701, "held", "hold", "The Messaging Service does not exist"),
    _twilio(21702, "safe", "none", "The Messaging Service cannot send at this moment"),
    _twilio(21703, "permanent", "none", "No number of the Messaging Service can text this recipient"),
    _twilio(21704, "held", "hold", "The Messaging Service has no numbers"),
    _twilio(21705, "held", "hold", "The Messaging Service is not valid"),
    # texts that were taken and did not arrive
    _twilio(30001, "undelivered", "none", "Too many texts waited at Twilio"),
    _twilio(30002, "undelivered", "hold", "The Twilio account was suspended before the text went out"),
    _twilio(30003, "undelivered", "none", "The telephone was off or out of reach"),
    _twilio(30004, "undelivered", "none", "The recipient's side blocked the text"),
    _twilio(30005, "undelivered", "dead", "The number is unknown and may no longer exist"),
    _twilio(30006, "undelivered", "none", "The number is a landline, or its carrier cannot be reached"),
    _twilio(30007, "undelivered", "none", "The carrier filtered the text"),
    _twilio(30008, "undelivered", "none", "The carrier gave no reason"),
    _twilio(30010, "undelivered", "none", "The text would have cost more than we allow"),
    _twilio(30034, "undelivered", "hold", "Our sender is not registered for business texts in the US (A2P 10DLC)"),
    _twilio(30035, "undelivered", "hold", "Our sender's registration for business texts is not finished (A2P 10DLC)"),
    _twilio(30036, "undelivered", "none", "The text waited longer than it was allowed to"),
    _twilio(30450, "undelivered", "none", "Twilio blocked the text as likely fraud"),
    # the customer's line of a bridged call
    _twilio(13223, "undelivered", "dead", "This is not a telephone number"),
    _twilio(13224, "undelivered", "none", "The number is not valid, or no carrier can reach it"),
    _twilio(13225, "undelivered", "none", "Twilio blocks calls to this number"),
    _twilio(13226, "undelivered", "dead", "The number's country does not exist"),
    _twilio(13227, "undelivered", "none", "Calls to this country are not enabled for our account"),
)
TWILIO: Mapping[str, Code] = {row.code: row for row in _TWILIO}


def of_refusal(table: Mapping[str, Code], code: str) -> Answer:
    """What a refusal with this code is, of a request that the provider did not take (HTTP 4xx). An unknown code: for good, alone."""
    row = table.get(code)
    if row is None:
        return RejectedPermanent(f"refused with code {code}" if code else "refused without a code", code=code)
    if row.action == "hold":
        return Held(row.words, row.code)
    if row.result == "safe":
        return RejectedSafe(row.words, slow_down=True)
    return RejectedPermanent(
        row.words, suppresses=row.action == "suppress", contact_point_is_dead=row.action == "dead", code=row.code
    )


def in_report(table: Mapping[str, Code], code: str, scope: Scope, report: Report) -> Report:
    """The report with what its code says. Words of an unknown code are the provider's number; nothing else follows from it."""
    if not code:
        return report
    row = table.get(code)
    return Report(
        at=report.at, result=report.result, handle=report.handle, ref=report.ref, code=code,
        why=row.words if row else f"code {code}", answered_by=report.answered_by, duration_s=report.duration_s,
        suppresses=scope if row is not None and row.action == "suppress" else None,
        contact_point_is_dead=row is not None and row.action == "dead",
        holds_sender=row is not None and row.action == "hold",
    )  # fmt: skip
