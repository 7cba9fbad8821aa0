"""The part of Twilio's API that follow-ups use: messages and calls, and what `touchpoint doctor` asks."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from orchestrator.carrier import credentials, parameters
from orchestrator.carrier.call import Call
from orchestrator.carrier.carrier import Carrier
from orchestrator.carrier.parameters import Given
from orchestrator.carrier.refusals import Refused, twilio
from orchestrator.carrier.texts import Text
from orchestrator.carrier.trouble import answer, refusal
from orchestrator.carrier.world import API_VERSION

LARGEST_BODY = 200_000  # bytes
MOST_FIELDS = 200
PAGE_SIZE = 50

Row = TypeVar("Row", Text, Call)

Do = Callable[[Request, Given], Refused | Text | Call | dict[str, Any]]


class TwilioApi:
    """Twilio's resources over one carrier."""

    def __init__(self, carrier: Carrier) -> None:
        self.carrier = carrier

    def routes(self) -> list[BaseRoute]:
        """Every address that is answered; the last one says in Twilio's form that the rest does not exist."""
        account = f"/{API_VERSION}/Accounts/{{account}}"
        return [
            self._route(f"{account}/Messages.json", POST=self._create_message, GET=self._list_messages),
            self._route(f"{account}/Messages/{{sid}}.json", GET=self._get_message),
            self._route(f"{account}/Calls.json", POST=self._create_call, GET=self._list_calls),
            self._route(f"{account}/Calls/{{sid}}.json", GET=self._get_call, POST=self._update_call),
            self._route(f"{account}/IncomingPhoneNumbers.json", GET=self._numbers),
            self._route(f"{account}.json", GET=self._account),
            self._route(f"/{API_VERSION}/{{rest:path}}"),
        ]

    def _route(self, path: str, **do: Do) -> Route:
        async def endpoint(request: Request) -> Response:
            if not _is_ours(request):
                return refusal(twilio(20003, 401, headers={"WWW-Authenticate": 'Basic realm="Twilio API"'}))
            if not do or request.path_params.get("account", credentials.ACCOUNT_SID) != credentials.ACCOUNT_SID:
                return refusal(twilio(20404, 404))
            if request.method not in do:
                return refusal(twilio(20004, 405))
            body = await request.body()
            if len(body) > LARGEST_BODY:
                return refusal(twilio(20001, 413, "the request is too large"))
            given = _fields(request, body)
            if isinstance(given, Refused):
                return refusal(given)
            act = do[request.method]
            faults = self.carrier.faults
            concerned = request.method == "POST" or faults.lookups
            return await answer(
                request,
                self.carrier.world.dice.for_request() if concerned else "",
                faults,
                lambda: self._done(act(request, given), created=request.method == "POST" and "sid" not in request.path_params),
                too_many=twilio(20429, 429, headers={"Retry-After": str(faults.retry_after_s)}),
                broken=twilio(20500, 500),
            )

        return Route(path, endpoint, methods=["GET", "POST", "PUT", "DELETE"])

    def _done(self, result: Refused | Text | Call | dict[str, Any], *, created: bool) -> Response:
        match result:
            case Refused():
                return refusal(result)
            case Text():
                return JSONResponse(result.as_json(), 201 if created else 200)
            case Call():
                return JSONResponse(result.as_json(self.carrier.world.agenda.speed), 201 if created else 200)
        return JSONResponse(result)

    def _create_message(self, request: Request, given: Given) -> Text | Refused:
        return self.carrier.texts.create(given)

    def _get_message(self, request: Request, given: Given) -> Text | Refused:
        return self.carrier.texts.find(request.path_params["sid"]) or twilio(20404, 404)

    def _list_messages(self, request: Request, given: Given) -> dict[str, Any] | Refused:
        refused = parameters.check(parameters.LIST_MESSAGES, given, "message")
        return refused or _page(request, given, "messages", self.carrier.texts.listed(given), Text.as_json)

    def _create_call(self, request: Request, given: Given) -> Call | Refused:
        return self.carrier.calls.create(given)

    def _get_call(self, request: Request, given: Given) -> Call | Refused:
        return self.carrier.calls.by_sid.get(request.path_params["sid"]) or twilio(20404, 404)

    def _update_call(self, request: Request, given: Given) -> Call | Refused:
        call = self.carrier.calls.by_sid.get(request.path_params["sid"])
        return self.carrier.calls.update(call, given) if call else twilio(20404, 404)

    def _list_calls(self, request: Request, given: Given) -> dict[str, Any] | Refused:
        def show(call: Call) -> dict[str, Any]:
            return call.as_json(self.carrier.world.agenda.speed)

        refused = parameters.check(parameters.LIST_CALLS, given, "call")
        return refused or _page(request, given, "calls", self.carrier.calls.listed(given), show)

    def _account(self, request: Request, given: Given) -> dict[str, Any]:
        return {"sid": credentials.ACCOUNT_SID, "status": "active", "friendly_name": "Rehearsal", "type": "Full"}

    def _numbers(self, request: Request, given: Given) -> dict[str, Any]:
        wanted = next(iter(given.get("PhoneNumber", ())), "")
        hooks = (self.carrier.hooks or "").rstrip("/")
        numbers = sorted(number for number in self.carrier.world.senders if number.startswith("+") and wanted in number)
        rows = [
            {
                "sid": f"PN{index:032x}",
                "account_sid": credentials.ACCOUNT_SID,
                "phone_number": number,
                "friendly_name": number,
                "capabilities": {"voice": True, "sms": True, "mms": True, "fax": False},
                "sms_url": f"{hooks}/hooks/twilio/texts" if hooks else "",
                "sms_method": "POST",
                "voice_url": f"{hooks}/hooks/twilio/calls" if hooks else "",
                "voice_method": "POST",
                "status": "in-use",
            }
            for index, number in enumerate(numbers)
        ]
        return {**_frame(request, 0, PAGE_SIZE, len(rows), None), "incoming_phone_numbers": rows}


def _page(
    request: Request, given: Given, noun: str, found: Sequence[Row], show: Callable[[Row], dict[str, Any]]
) -> dict[str, Any]:
    """One page of a list. Its token names the last row, so that what is added meanwhile moves nothing."""
    size = int(next(iter(given.get("PageSize", ())), PAGE_SIZE))
    page = int(next(iter(given.get("Page", ())), 0))
    start = page * size
    if token := next(iter(given.get("PageToken", ())), ""):
        start = next((index + 1 for index, row in enumerate(found) if token == f"PA{row.sid}"), len(found))
    shown = found[start : start + size]
    following = None
    if start + size < len(found):
        query = [
            (name, value) for name, values in given.items() if name not in {"Page", "PageToken", "PageSize"} for value in values
        ]
        query += [("PageSize", str(size)), ("Page", str(page + 1)), ("PageToken", f"PA{shown[-1].sid}")]
        following = f"{request.url.path}?{urlencode(query)}"
    return {**_frame(request, page, size, len(shown), following), noun: [show(row) for row in shown]}


def _frame(request: Request, page: int, size: int, count: int, following: str | None) -> dict[str, Any]:
    path = request.url.path
    return {
        "first_page_uri": f"{path}?PageSize={size}&Page=0",
        "next_page_uri": following,
        "previous_page_uri": None,
        "page": page,
        "page_size": size,
        "start": page * size,
        "end": page * size + max(0, count - 1),
        "uri": f"{path}?{request.url.query}" if request.url.query else path,
    }


def _fields(request: Request, body: bytes) -> dict[str, list[str]] | Refused:
    """Parameters of the query and the form; empty ones count as not given, as Twilio has it."""
    if body and not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return twilio(20001, 415, "send a form (application/x-www-form-urlencoded)")
    given: dict[str, list[str]] = {}
    try:
        pairs = parse_qsl(request.url.query, keep_blank_values=True, max_num_fields=MOST_FIELDS)
        pairs += parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return twilio(20001, more="the form cannot be read")
    for name, value in pairs:
        if value:
            given.setdefault(name, []).append(value)
    return given


def _is_ours(request: Request) -> bool:
    scheme, _, code = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        sid, _, token = base64.b64decode(code, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return False
    right_sid = hmac.compare_digest(sid.encode(), credentials.ACCOUNT_SID.encode())
    return hmac.compare_digest(token.encode(), credentials.AUTH_TOKEN.encode()) and right_sid
