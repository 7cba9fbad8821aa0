"""The body of SendGrid's mail/send as its document gives it. What does not fit is refused with the field's path."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.carrier.refusals import Refused, sendgrid

MOST_RECIPIENTS = 1000
MOST_ARGUMENT_BYTES = 10_000
RESERVED_HEADERS = frozenset(
    {"x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding", "to", "from", "subject"}
    | {"reply-to", "cc", "bcc"}
)


@dataclass(frozen=True, slots=True)
class Text:
    least: int = 0
    most: int | None = None
    is_email: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Whole:
    pass


@dataclass(frozen=True, slots=True)
class Flag:
    pass


@dataclass(frozen=True, slots=True)
class Words:
    """An object with free names and text values: headers, custom_args, substitutions."""

    most: int | None = None
    takes_anything: bool = False  # dynamic_template_data


@dataclass(frozen=True, slots=True)
class Many:
    of: Shape
    most: int | None = None
    is_unique: bool = False


@dataclass(frozen=True, slots=True)
class Fields:
    known: Mapping[str, Shape]
    required: tuple[str, ...] = field(default=())


Shape = Text | Whole | Flag | Words | Many | Fields

PERSON = Fields({"email": Text(is_email=True), "name": Text()}, ("email",))
ENABLE = Fields({"enable": Flag()})
PERSONALIZATION = Fields(
    {
        "from": PERSON,
        "to": Many(PERSON),
        "cc": Many(PERSON, most=1000),
        "bcc": Many(PERSON, most=1000),
        "subject": Text(least=1),
        "headers": Words(),
        "substitutions": Words(most=10_000),
        "dynamic_template_data": Words(takes_anything=True),
        "custom_args": Words(most=10_000),
        "send_at": Whole(),
    },
    ("to",),
)
MAIL = Fields(
    {
        "personalizations": Many(PERSONALIZATION, most=1000),
        "from": PERSON,
        "reply_to": PERSON,
        "reply_to_list": Many(PERSON, most=1000, is_unique=True),
        "subject": Text(least=1),
        "content": Many(Fields({"type": Text(least=1), "value": Text(least=1)}, ("type", "value"))),
        "attachments": Many(
            Fields(
                {
                    "content": Text(least=1),
                    "type": Text(least=1),
                    "filename": Text(),
                    "disposition": Text(choices=("inline", "attachment")),
                    "content_id": Text(),
                },
                ("content", "filename"),
            )
        ),
        "template_id": Text(),
        "headers": Words(),
        "categories": Many(Text(most=255), most=10, is_unique=True),
        "custom_args": Words(),  # the document says text, the service takes an object
        "send_at": Whole(),
        "batch_id": Text(),
        "asm": Fields({"group_id": Whole(), "groups_to_display": Many(Whole(), most=25)}, ("group_id",)),
        "ip_pool_name": Text(least=2, most=64),
        "mail_settings": Fields(
            {
                "bypass_list_management": ENABLE,
                "bypass_spam_management": ENABLE,
                "bypass_bounce_management": ENABLE,
                "bypass_unsubscribe_management": ENABLE,
                "footer": Fields({"enable": Flag(), "text": Text(), "html": Text()}),
                "sandbox_mode": ENABLE,
            }
        ),
        "tracking_settings": Fields(
            {
                "click_tracking": Fields({"enable": Flag(), "enable_text": Flag()}),
                "open_tracking": Fields({"enable": Flag(), "substitution_tag": Text()}),
                "subscription_tracking": Fields({"enable": Flag(), "text": Text(), "html": Text(), "substitution_tag": Text()}),
                "ganalytics": Fields(
                    {
                        "enable": Flag(),
                        "utm_source": Text(),
                        "utm_medium": Text(),
                        "utm_term": Text(),
                        "utm_content": Text(),
                        "utm_campaign": Text(),
                    }
                ),
            }
        ),
    },
    ("personalizations", "from", "subject", "content"),
)
Fault = tuple[str, str]  # the field's path, and what is wrong with it


def check(body: Any) -> Refused | None:  # Any: JSON as it came
    """The refusal of the first thing that does not fit; None when all does."""
    for path, wrong in _faults(MAIL, body, ""):
        return sendgrid(400, wrong, path or None)
    for path, wrong in _rules(body):
        return sendgrid(400, wrong, path)
    return None


def _faults(shape: Shape, value: Any, path: str) -> Iterator[Fault]:
    match shape:
        case Text():
            if not isinstance(value, str):
                yield path, "Invalid type. Expected: string."
            elif len(value) < shape.least:
                yield path, f"String length must be greater than or equal to {shape.least}"
            elif shape.most is not None and len(value) > shape.most:
                yield path, f"String length must be less than or equal to {shape.most}"
            elif shape.is_email and not re.fullmatch(r"[^@\s<>,;\x00-\x1f]{1,64}@[^@\s<>,;\x00-\x1f]{1,255}", value):
                yield path, "Does not contain a valid address."
            elif shape.choices and value not in shape.choices:
                yield path, f"must be one of {', '.join(shape.choices)}"
        case Whole():
            if not isinstance(value, int) or isinstance(value, bool):
                yield path, "Invalid type. Expected: integer."
        case Flag():
            if not isinstance(value, bool):
                yield path, "Invalid type. Expected: boolean."
        case Words():
            if not isinstance(value, dict):
                yield path, "Invalid type. Expected: object."
            elif shape.most is not None and len(value) > shape.most:
                yield path, f"Must have at most {shape.most} properties"
            elif not shape.takes_anything:
                for name, one in value.items():
                    if not isinstance(one, str):
                        yield f"{path}.{name}", "Invalid type. Expected: string."
        case Many():
            if not isinstance(value, list):
                yield path, "Invalid type. Expected: array."
                return
            if shape.most is not None and len(value) > shape.most:
                yield path, f"Array must have at most {shape.most} items"
            if shape.is_unique and len({str(one) for one in value}) < len(value):
                yield path, "Array items must be unique"
            for number, one in enumerate(value):
                yield from _faults(shape.of, one, f"{path}.{number}")
        case Fields():
            if not isinstance(value, dict):
                yield path, "Invalid type. Expected: object."
                return
            start = f"{path}." if path else ""
            for name in shape.required:
                if name not in value:
                    yield start + name, f"{name} is required"
            for name, one in value.items():
                if name not in shape.known:
                    yield start + name, f"Additional property {name} is not allowed"
                else:
                    yield from _faults(shape.known[name], one, start + name)


def _rules(body: Mapping[str, Any]) -> Iterator[Fault]:
    """What the document says in prose: how many, how often, in which order."""
    if not body["personalizations"]:
        yield "personalizations", "The personalizations field is required and must have at least one personalization."
    kinds = [one["type"] for one in body["content"]]
    if not kinds:
        yield "content", "Unless a valid template_id is provided, the content parameter is required."
    order = [kind for kind in kinds if kind in {"text/plain", "text/html"}]
    if order not in (["text/plain"], ["text/html"], ["text/plain", "text/html"], []) or kinds[: len(order)] != order:
        yield "content", "If present, text/plain and text/html may only be provided once, and text/plain must come first."
    if "reply_to" in body and "reply_to_list" in body:
        yield "reply_to", "Only one of reply_to and reply_to_list may be given."
    seen: set[str] = set()
    for number, one in enumerate(body["personalizations"]):
        place = f"personalizations.{number}"
        if not one["to"]:
            yield (
                f"{place}.to",
                "The to array is required for all personalization objects, and must have at least one email object.",
            )
        for group in ("to", "cc", "bcc"):
            for person in one.get(group, ()):
                if person["email"].lower() in seen:
                    yield f"{place}.{group}", "Each email address in the request should be unique between to, cc, and bcc."
                seen.add(person["email"].lower())
        arguments = {**body.get("custom_args", {}), **one.get("custom_args", {})}
        if sum(len(str(name)) + len(str(value)) for name, value in arguments.items()) > MOST_ARGUMENT_BYTES:
            yield f"{place}.custom_args", f"The custom_args are limited to {MOST_ARGUMENT_BYTES} bytes."
        yield from _header_faults({**one.get("headers", {}), "subject of it": one.get("subject", "")}, place)
    if len(seen) > MOST_RECIPIENTS:
        yield "personalizations", f"The total number of recipients must be at most {MOST_RECIPIENTS}."
    yield from _header_faults({**body.get("headers", {}), "subject of it": body["subject"]}, "")


def _header_faults(headers: Mapping[str, str], place: str) -> Iterator[Fault]:
    for name, value in headers.items():
        path = ".".join(part for part in (place, "subject" if name == "subject of it" else f"headers.{name}") if part)
        if name.lower() in RESERVED_HEADERS:
            yield path, f"The header {name} is reserved and may not be set."
        if re.search(r"[\r\n\x00]", f"{name}{value}"):
            yield path, "A header or subject may not have line breaks."
