"""Requests to SendGrid, made of the objects of its own SDK, over our own bounded transport.

Importing this module imports the SDK (0.15 s, 19 MB): only sendgrid.py does, at its first e-mail.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.request import Request

from python_http_client import Client  # type: ignore[import-untyped]
from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import (
    Category,
    ClickTracking,
    Content,
    CustomArg,
    From,
    Header,
    Mail,
    Personalization,
    ReplyTo,
    Subject,
    SubscriptionTracking,
    Substitution,
    To,
    TrackingSettings,
)
from sendgrid.helpers.mail.exceptions import ApiKeyIncludedException

from orchestrator.channels.sendgrid_batches import Recipient
from orchestrator.channels.sendgrid_events import HANDLE
from orchestrator.channels.transport import Reply, Transport

__all__ = ["ApiKeyIncludedException", "api_client", "mail_of"]

_SDK_LOGGERS = ("python_http_client", "python_http_client.client")
_BEYOND_ASCII = re.compile(r"[^\x20-\x7e]+")


class _Answer:
    """A reply as the SDK's HTTP layer reads one."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply

    def getcode(self) -> int:
        return self._reply.status

    def read(self) -> bytes:
        return self._reply.body

    def info(self) -> Mapping[str, str]:
        return self._reply.headers


class _Bounded(Client):  # type: ignore[misc]  # the SDK has no types
    """The SDK's HTTP client on our transport: with time-outs, kept-open connections, and an error status as an answer."""

    def __init__(self, transport: Transport, **how: Any) -> None:  # Any: as the SDK's own constructor takes them
        super().__init__(**how)
        self._transport = transport

    def _build_client(self, name: str | None = None) -> _Bounded:
        return _Bounded(
            self._transport, host=self.host, version=self._version, request_headers=self.request_headers,
            url_path=[*self._url_path, name] if name else self._url_path, append_slash=self.append_slash, timeout=self.timeout,
        )  # fmt: skip

    def _make_request(self, opener: object, request: Request, timeout: float | None = None) -> _Answer:
        del opener, timeout  # the transport's own
        body = request.data if isinstance(request.data, bytes) else None
        return _Answer(
            self._transport.request(request.get_method(), request.full_url, headers=dict(request.header_items()), body=body)
        )


def api_client(key: str, url: str, transport: Transport) -> SendGridAPIClient:
    """SendGrid's own client over our transport."""
    for name in _SDK_LOGGERS:  # on DEBUG they write down the API key and everybody's letters
        logging.getLogger(name).setLevel(logging.WARNING)
    client = SendGridAPIClient(key, host=url.rstrip("/"))
    client.client = _Bounded(transport, host=client.host, request_headers=client._default_headers, version=3)
    return client


def mail_of(people: Sequence[Recipient]) -> Mail:
    """One request: a whole letter for one, the shell with tags for many. Raises ApiKeyIncludedException where a letter holds a key."""
    first = people[0]
    many = len(people) > 1
    letter = first.part.letter()
    mail = Mail()
    address, name = first.sender
    mail.from_email = From(address, name or None)
    # The document wants a subject here too; where there are many, each has its own and this one is nobody's.
    mail.subject = Subject((name or "A message for you") if many else letter.subject)
    mail.add_content(Content("text/plain", first.part.shell.text if many else letter.text))
    mail.add_content(Content("text/html", first.part.shell.html if many else letter.html))
    if first.reply_to:
        mail.reply_to = ReplyTo(first.reply_to)
    for category in dict.fromkeys(_BEYOND_ASCII.sub("-", words)[:255] for words in first.categories):
        mail.add_category(Category(category))
    # Rewritten links would hide where they lead, and hand the survey's answers to somebody else; opens are the account's choice.
    mail.tracking_settings = TrackingSettings(
        click_tracking=ClickTracking(enable=False, enable_text=False), subscription_tracking=SubscriptionTracking(enable=False)
    )
    for one in people:
        mail.add_personalization(_personalization(one, many=many))  # the SDK puts each before those that it has
    return mail


def _personalization(one: Recipient, *, many: bool) -> Personalization:
    own = Personalization()
    to = To()
    to.email = one.to  # not through the constructor, which reads display names out of it
    own.add_to(to)
    own.subject = one.part.subject
    for name, value in one.part.headers.items():
        own.add_header(Header(name, value))
    if many:
        for tag, value in one.part.values.items():
            own.add_substitution(Substitution(tag, value))
    own.add_custom_arg(CustomArg(HANDLE, str(one.message.handle)))
    return own
