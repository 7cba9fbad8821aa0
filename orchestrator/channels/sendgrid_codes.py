"""What SendGrid's refusals and events mean for us, one row each: statuses of the API, bounces, drops, and what customers did.

Sources: SendGrid's pages on API errors and on the Event Webhook; the classes of RFC 3463 for bounces.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from orchestrator.channels.codes import Code


def _table(*codes: Code) -> Mapping[str, Code]:
    return {code.code: code for code in codes}


SENDGRID: Mapping[str, Code] = _table(
    # Answers to a request. Nothing went out.
    Code("sendgrid", "400", "permanent", "none", "SendGrid refuses the request as it stands"),
    Code("sendgrid", "400 to", "permanent", "dead", "SendGrid takes it for no e-mail address"),
    Code("sendgrid", "400 from", "held", "hold", "SendGrid refuses the sender: look at TOUCHPOINT_EMAIL_FROM"),
    Code(
        "sendgrid",
        "401",
        "held",
        "hold",
        "SendGrid does not accept TOUCHPOINT_SENDGRID_API_KEY, or the account is out of credits",
    ),
    Code("sendgrid", "402", "held", "hold", "SendGrid wants the account paid"),
    Code("sendgrid", "403", "held", "hold", "the key may not send, or TOUCHPOINT_EMAIL_FROM is no verified sender at SendGrid"),
    Code("sendgrid", "404", "held", "hold", "SendGrid is not at TOUCHPOINT_SENDGRID_URL"),
    Code("sendgrid", "405", "held", "hold", "SendGrid is not at TOUCHPOINT_SENDGRID_URL"),
    Code("sendgrid", "408", "safe", "none", "SendGrid did not get the whole request in time"),
    Code("sendgrid", "409", "safe", "none", "SendGrid was busy with something else"),
    Code("sendgrid", "413", "permanent", "none", "the e-mail is larger than SendGrid takes"),
    Code("sendgrid", "425", "safe", "none", "SendGrid asks to try later"),
    Code("sendgrid", "429", "safe", "none", "SendGrid asks to send more slowly"),
    # Bounces, by the class of the mailbox's status. One without a status is hard.
    Code("sendgrid", "bounce", "undelivered", "dead", "the mailbox refused it for good"),
    Code("sendgrid", "bounce 4", "undelivered", "none", "the mailbox could not take it for too long"),
    Code("sendgrid", "bounce 5", "undelivered", "none", "the mailbox refused it"),
    Code("sendgrid", "bounce 5.0", "undelivered", "dead", "the mailbox refused it for good"),
    Code("sendgrid", "bounce 5.1", "undelivered", "dead", "there is no such mailbox"),
    Code("sendgrid", "bounce 5.1.7", "undelivered", "none", "the mailbox does not like our sender's address"),
    Code("sendgrid", "bounce 5.1.8", "undelivered", "none", "the mailbox does not know our sender's domain"),
    Code("sendgrid", "bounce 5.2", "undelivered", "none", "the mailbox is full or takes nothing now"),
    Code("sendgrid", "bounce 5.2.1", "undelivered", "dead", "the mailbox is closed"),
    Code("sendgrid", "bounce 5.7", "undelivered", "none", "the mailbox's rules refused it"),
    Code("sendgrid", "blocked", "undelivered", "none", "the mailbox's server refused it this time"),
    # Drops: SendGrid did not try.
    Code("sendgrid", "dropped", "undelivered", "none", "SendGrid did not try to deliver it"),
    Code("sendgrid", "dropped: bounced address", "undelivered", "dead", "SendGrid did not try: the address bounced before"),
    Code("sendgrid", "dropped: invalid", "undelivered", "dead", "SendGrid did not try: it is no address"),
    Code(
        "sendgrid", "dropped: unsubscribed address", "undelivered", "suppress", "SendGrid did not try: the customer unsubscribed"
    ),
    Code(
        "sendgrid",
        "dropped: spam reporting address",
        "undelivered",
        "suppress",
        "SendGrid did not try: the customer reported spam",
    ),
    Code("sendgrid", "dropped: spam content", "undelivered", "none", "SendGrid did not try: it takes the words for spam"),
    Code(
        "sendgrid",
        "dropped: invalid smtpapi header",
        "undelivered",
        "none",
        "SendGrid did not try: it could not read the request",
    ),
    Code(
        "sendgrid",
        "dropped: recipient list over package quota",
        "undelivered",
        "hold",
        "SendGrid did not try: the account's quota is used up",
    ),
    # What customers did with an e-mail that they got.
    Code("sendgrid", "spamreport", "delivered", "suppress", "the customer reported it as spam"),
    Code("sendgrid", "unsubscribe", "delivered", "suppress", "the customer unsubscribed at SendGrid"),
    Code("sendgrid", "group_unsubscribe", "delivered", "suppress", "the customer unsubscribed at SendGrid"),
)

_STATUS = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})")


def of_bounce(kind: str, status: str) -> Code:
    """The row of a bounce. kind: bounce or blocked. status: the mailbox's own, such as 5.1.1; anything else counts as none."""
    if kind == "blocked":
        return SENDGRID["blocked"]
    found = _STATUS.fullmatch(status.strip())
    if found is None:
        return SENDGRID["bounce"]
    first, second, third = found.groups()
    keys = (f"bounce {first}.{second}.{third}", f"bounce {first}.{second}", f"bounce {first}")
    return next((SENDGRID[key] for key in keys if key in SENDGRID), SENDGRID["bounce"])


def of_drop(reason: str) -> Code:
    """The row of a drop, by the reason that SendGrid gives."""
    return SENDGRID.get(f"dropped: {reason.strip().lower()}", SENDGRID["dropped"])
