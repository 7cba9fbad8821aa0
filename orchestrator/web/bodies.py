"""Reading what was posted: never more than a limit, and forms as plain pairs."""

from __future__ import annotations

from urllib.parse import parse_qsl

from fastapi import Request
from starlette.datastructures import ImmutableMultiDict
from starlette.requests import ClientDisconnect

from orchestrator.errors import Problem
from orchestrator.web.answers import Refused

FORM = "application/x-www-form-urlencoded"
MOST_FORM_BYTES = 64_000
MOST_FIELDS = 500  # a provider sends about thirty


async def body_of(request: Request, most_bytes: int) -> bytes:
    """The raw body. Raises Refused with 413 as soon as it is longer than the limit."""
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > most_bytes:
                problem = Problem(f"the request is larger than {most_bytes:,} bytes", "nothing that belongs here is so long")
                raise Refused(413, problem, Connection="close")
    except ClientDisconnect:
        raise Refused(400, Problem("the sender hung up before the end")) from None
    return bytes(body)


def content_type(request: Request) -> str:
    """What the body is said to be, without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def form_of(request: Request) -> ImmutableMultiDict[str, str]:
    """The fields of a form, empty ones and repeated ones too. Raises Refused: 415 for another content type, 400 for no form."""
    return await long_form_of(request, MOST_FORM_BYTES)


async def long_form_of(request: Request, most_bytes: int) -> ImmutableMultiDict[str, str]:
    """The same, for forms in which people write long texts."""
    if content_type(request) != FORM:
        raise Refused(415, Problem("this is no form", f"send it as {FORM}", "Content-Type"))
    body = await body_of(request, most_bytes)
    try:
        fields = parse_qsl(body.decode("utf-8"), keep_blank_values=True, errors="replace", max_num_fields=MOST_FIELDS)
    except ValueError:  # not UTF-8, or too many fields
        raise Refused(400, Problem("the form cannot be read", f"at most {MOST_FIELDS} fields, percent-encoded UTF-8")) from None
    return ImmutableMultiDict(fields)
