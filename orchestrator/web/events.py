"""POST /events: one event or many, in the plain form or as CloudEvents. A 2xx means committed; anything else means send it again
or mend it, as the answer says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import JSONResponse, Response

from orchestrator import cloudevents
from orchestrator.accepting import Answer, Raw, accept
from orchestrator.errors import EventError, Problem, did_you_mean
from orchestrator.jsontext import read_json
from orchestrator.keys import Keyring
from orchestrator.parts import Parts
from orchestrator.store.keys import Key
from orchestrator.web.answers import Refused, refusal, told
from orchestrator.web.auth import authenticated, require
from orchestrator.web.together import Together

MOST_EVENTS = 1_000  # in one request
_HINT = "send application/json, application/cloudevents+json or application/cloudevents-batch+json"


def router(parts: Parts, keyring: Keyring) -> APIRouter:
    """The routes of this file."""
    routes = APIRouter()
    key_of = authenticated(keyring)
    live = Together[Raw, Answer](lambda raws: accept(parts, raws))
    history = Together[Raw, Answer](lambda raws: accept(parts, raws, backfill=True))

    async def body_of(request: Request, key: Key = Depends(key_of)) -> bytes:
        """The raw body; read only for somebody whose key is known."""
        return await request.body()

    @routes.post("/events")
    def post_events(
        request: Request, key: Key = Depends(key_of), body: bytes = Depends(body_of), backfill: bool = False
    ) -> Response:
        # A misspelt ?backfill=true would contact people about history.
        for name in request.query_params:
            if name != "backfill":
                raise Refused(400, Problem(f"there is no parameter '{name}'", did_you_mean(name, ["backfill"]), name))
        require(key, "events:backfill" if backfill else "events:write")
        events, many = _events_of(request, body)
        if not many:
            return _answer_one(history if backfill else live, events[0])
        if len(events) > MOST_EVENTS:
            raise Refused(413, Problem(f"{len(events):,} events at once are more than {MOST_EVENTS:,}", "send them in parts"))
        return _answer_many(parts, events, backfill=backfill)

    return routes


def _events_of(request: Request, body: bytes) -> tuple[list[Callable[[], Raw]], bool]:
    """What was sent, each event to be unpacked by a call that may raise EventError, and whether it was a batch."""
    headers = dict(reversed(request.headers.items()))
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise Refused(415, Problem("packed bodies are not read here", "leave Content-Encoding out", "Content-Encoding"))
    kind, _, parameters = headers.get("content-type", "").partition(";")
    kind = kind.strip().lower()
    charset = parameters.replace(" ", "").replace('"', "").lower().partition("charset=")[2].split(";")[0]
    if charset not in ("", "utf-8", "utf8", "us-ascii"):
        raise Refused(415, Problem(f"the charset {charset[:40]} is not read here", "send UTF-8", "Content-Type"))
    if kind == cloudevents.STRUCTURED:
        value = read_json(body)
        return [lambda: cloudevents.structured(value)], False
    if kind == cloudevents.BATCH:
        batch = _array(read_json(body))
        return [lambda one=one: cloudevents.structured(one) for one in batch], True  # type: ignore[misc]
    if kind.startswith("application/cloudevents"):
        raise Refused(415, Problem(f"CloudEvents as {kind[:80]} are not read here", _HINT, "Content-Type"))
    if cloudevents.is_binary(headers):
        pairs = request.headers.items()
        return [lambda: cloudevents.binary(pairs, body)], False
    if kind != "application/json":
        what = f"the content type {kind[:80]} is not read here" if kind else "there is no Content-Type"
        raise Refused(415, Problem(what, _HINT, "Content-Type"))
    value = read_json(body)
    if isinstance(value, list):
        return [lambda one=one: _object(one) for one in value], True  # type: ignore[misc]
    return [lambda: _object(value)], False


def _array(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise EventError(Problem("a batch is a JSON array", f"one event has the content type {cloudevents.STRUCTURED}"))
    return value


def _object(value: object) -> Raw:
    if not isinstance(value, dict):
        raise EventError(Problem("an event is a JSON object", 'send {"id": …, "source": …, "type": …, "subject": …, "time": …}'))
    return value


def _answer_one(together: Together[Raw, Answer], unpack: Callable[[], Raw]) -> Response:
    answer = together.accept(unpack())
    match answer.status:
        case "refused":
            raise EventError(answer.problems)
        case "conflict":
            return refusal(409, answer.problems)
        case _:
            return JSONResponse(_told(answer), 202 if answer.status == "later" else 200)


def _answer_many(parts: Parts, events: Sequence[Callable[[], Raw]], *, backfill: bool) -> Response:
    """Good events are stored, whatever is wrong with others; the answer names each by its index."""
    answers = accept(parts, [_unpacked(unpack) for unpack in events], backfill=backfill)
    told_each = [{"index": index, **_told(answer)} for index, answer in enumerate(answers)]
    return JSONResponse({"counts": Counter(answer.status for answer in answers), "events": told_each})


def _unpacked(unpack: Callable[[], Raw]) -> Raw | EventError:
    try:
        return unpack()
    except EventError as error:
        return error


def _told(answer: Answer) -> dict[str, object]:
    if answer.problems:
        return {"id": answer.key, "status": answer.status, "problems": [told(p) for p in answer.problems]}
    return {
        "id": answer.key,
        "status": answer.status,
        "event": str(answer.event),
        "enrollments": [str(e) for e in answer.enrollments],
        "warnings": [told(w) for w in answer.warnings],
    }
