"""CloudEvents 1.0 to the plain form: structured, batched and binary. `customer` travels inside `data`; extensions are ignored.

Our own reader, because what makes up an id or a time when an event has none would make every repeat a new event.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal
from urllib.parse import unquote_to_bytes

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestrator.errors import EventError, Problem
from orchestrator.jsontext import read_json

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
_JSON = re.compile(r"[^/;\s]+/(?:[^;\s]+\+)?json\s*(?:;.*)?", re.I)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")

Text = Annotated[str, Field(min_length=1)]


class CloudEvent(BaseModel):
    """The envelope. `time` and `subject` are optional in the standard and needed here. null counts as not sent."""

    model_config = ConfigDict(extra="ignore", strict=True)

    specversion: Literal["1.0"]
    id: Text
    source: Text
    type: Text
    subject: Text
    time: Text
    datacontenttype: Text | None = None
    dataschema: Text | None = None
    data: Any = None  # Any: the standard allows every JSON value; an object is needed here
    data_base64: str | None = None

    def plain(self) -> dict[str, Any]:
        """The same event in the plain form."""
        data = self._payload()
        if data is None:
            data = {}
        if not isinstance(data, dict):
            raise EventError(Problem("data must be an object", 'send the fields of the event, e.g. {"amount": 1850}', "data"))
        rest = dict(data)
        customer = rest.pop("customer", None)
        said = {"id": self.id, "source": self.source, "type": self.type, "subject": self.subject, "time": self.time}
        return {**said, "customer": customer, "data": rest}

    def _payload(self) -> Any:
        if self.datacontenttype is not None and not _JSON.fullmatch(self.datacontenttype.strip()):
            hint = "send data as JSON, with the datacontenttype application/json or none"
            raise EventError(Problem(f"data of the type '{self.datacontenttype[:80]}' cannot be read", hint, "datacontenttype"))
        if self.data_base64 is None:
            return self.data
        if self.data is not None:
            raise EventError(Problem("there are both data and data_base64", "send one of them", "data_base64"))
        if self.datacontenttype is None:
            hint = "say datacontenttype application/json, or send data"
            raise EventError(Problem("data_base64 without a datacontenttype could be anything", hint, "data_base64"))
        try:
            return read_json(base64.b64decode(self.data_base64, validate=True))
        except binascii.Error:
            raise EventError(
                Problem("data_base64 is not Base64", "use the alphabet of RFC 4648, with padding", "data_base64")
            ) from None


def structured(value: object) -> dict[str, Any]:
    """The plain form of one JSON object (content type application/cloudevents+json). Raises EventError."""
    if not isinstance(value, dict):
        raise EventError(Problem("a CloudEvent is a JSON object", f"several at once have the content type {BATCH}"))
    return _checked({name: part for name, part in value.items() if part is not None}).plain()


def unpacked(value: object) -> Mapping[str, Any] | EventError:
    """The plain form of a JSON value from a file, where no content type says what it is: a CloudEvent when it has a specversion."""
    if not isinstance(value, dict):
        return EventError(
            Problem("an event is a JSON object", 'write {"id": …, "source": …, "type": …, "subject": …, "time": …}')
        )
    if "specversion" not in value:
        return value
    try:
        return structured(value)
    except EventError as error:
        return error


def binary(headers: Iterable[tuple[str, str]], body: bytes) -> dict[str, Any]:
    """The plain form of an event whose attributes are ce-… headers and whose body is data. Raises EventError.

    headers: with lower-case names, each at most once.
    """
    given: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, text in headers:
        if name == "content-type":
            given["datacontenttype"] = text
        elif name.startswith("ce-"):
            attribute = name.removeprefix("ce-")
            if attribute in ("data", "data_base64", "datacontenttype"):
                problems.append(
                    Problem(f"'{name}' is no header of a CloudEvent", "the body is data, its type is Content-Type", name)
                )
                continue
            if attribute in given:
                problems.append(Problem(f"the header '{name}' comes twice", "send it once", name))
            try:
                given[attribute] = header_value(text)
            except ValueError as error:
                problems.append(Problem(f"the header '{name}' cannot be read: {error}", "percent-encode it as UTF-8", name))
    if problems:
        raise EventError(problems)
    event = _checked(given)
    if body:
        event._payload()  # the content type first: XML is not broken JSON
        event = event.model_copy(update={"data": read_json(body)})
    return event.plain()


def is_binary(headers: Mapping[str, str]) -> bool:
    """Whether these headers (lower-case names) carry a CloudEvent."""
    return "ce-specversion" in headers or "ce-id" in headers


def header_value(text: str) -> str:
    """The attribute that a header carries: quotes undone, then one round of percent-decoding. ValueError when it is not UTF-8."""
    text = text.strip(" \t")
    if quoted := _QUOTED.fullmatch(text):
        text = re.sub(r"\\(.)", r"\1", quoted[1])
    if not text.isascii():
        raise ValueError("it has characters outside ASCII")
    if _STRAY_PERCENT.search(text):
        raise ValueError("there is a % that encodes nothing")
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("it does not decode to UTF-8") from None


def _checked(given: Mapping[str, Any]) -> CloudEvent:
    try:
        return CloudEvent.model_validate(given)
    except ValidationError as error:
        raise EventError([_explained(dict(e)) for e in error.errors(include_url=False)]) from None


def _explained(error: dict[str, Any]) -> Problem:
    name = ".".join(str(part) for part in error["loc"])
    if error["type"] == "missing":
        return Problem(f"'{name}' is missing", _WANTED.get(name, ""), name)
    if name == "specversion":
        return Problem(f"specversion is {error['input']!r}", "only '1.0' is read here", name)
    return Problem(f"'{name}' must be a text that is not empty", _WANTED.get(name, ""), name)


_WANTED = {
    "id": "your own id of this event; the same id when you send it again",
    "source": "the system that sends it, e.g. crm or https://crm.example.com",
    "type": "e.g. quote.sent",
    "subject": "what it is about, as kind/key, e.g. quote/Q-1042",
    "time": "when it happened, with zone, e.g. 2026-11-20T09:12:00-06:00; the standard lets you leave it out, this program does not",
    "specversion": "send '1.0'",
}
