"""What Twilio posts: statuses and texts, which are kept and answered at once; and requests for what to say on a line.

Requests on a line are always answered with TwiML: after anything else Twilio reads an error message to the customer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from orchestrator import talking
from orchestrator.channels import hook_urls, twiml
from orchestrator.channels.hook_urls import hook
from orchestrator.channels.twilio_reports import answered_by
from orchestrator.config import Settings
from orchestrator.errors import DatabaseError
from orchestrator.parts import Parts
from orchestrator.store.inbox import Delivery
from orchestrator.talking import Connect, Say
from orchestrator.web.deliveries import MOST_PARAMETERS, MOST_REF, handle_of, keeper, named, storable
from orchestrator.web.signatures import Form, signed_by_twilio

log = logging.getLogger(__name__)
WORDLESS = '<?xml version="1.0" encoding="UTF-8"?><Response/>'  # to a text: we answer nothing by ourselves
NOBODY_THERE = "We cannot take your call at this moment. Please try again in a few minutes. Goodbye."
KEY_LOST = "We could not note that. Please try again later, or call us. Goodbye."
NO_SUCH_KEY = "We do not know that key. Goodbye."
NOT_NOW = "This call is not to be made now. Your screen says why."


def router(parts: Parts, settings: Settings) -> APIRouter:
    """The routes of this file. settings: rehearsed, so that there is a token to check with."""
    routes = APIRouter()
    signed = signed_by_twilio(settings)
    keep = keeper(parts, most=100)

    def delivery(request: Request, kind: str, form: Form, handle: str = "") -> Delivery:
        # The header I-Twilio-Idempotency-Token is not signed. If it named deliveries, whoever saw one signed request could post it
        # again as a new one: yesterday's START after today's STOP. What is signed is the same in every repeat.
        said = sorted(form.multi_items())
        ref = form.get("MessageSid") or form.get("CallSid")
        return Delivery(
            "twilio", kind, named(request.url.path, said), _kept(form), parts.clock(),
            handle_of(handle) if handle else None, storable(ref[:MOST_REF]) if ref else None,
        )  # fmt: skip

    async def status(request: Request, kind: str, form: Form, handle: str) -> Response:
        await keep.ask([delivery(request, kind, form, handle)])
        return Response(status_code=204)

    @routes.post(f"{hook_urls.TEXT_STATUS}/{{handle}}")
    async def text_status(request: Request, handle: str, form: Form = Depends(signed)) -> Response:
        return await status(request, "text_status", form, handle)

    @routes.post(f"{hook_urls.CALL_STATUS}/{{handle}}")
    async def call_status(request: Request, handle: str, form: Form = Depends(signed)) -> Response:
        return await status(request, "call_status", form, handle)

    @routes.post(f"{hook_urls.AGENT_LEG}/{{handle}}")
    async def agent_leg(request: Request, handle: str, form: Form = Depends(signed)) -> Response:
        return await status(request, "agent_leg", form, handle)

    @routes.post(f"{hook_urls.CUSTOMER_LEG}/{{handle}}")
    async def customer_leg(request: Request, handle: str, form: Form = Depends(signed)) -> Response:
        return await status(request, "customer_leg", form, handle)

    @routes.post(hook_urls.INCOMING_TEXT)
    async def incoming_text(request: Request, form: Form = Depends(signed)) -> Response:
        await keep.ask([delivery(request, "incoming_text", form)])
        return _xml(WORDLESS)

    @routes.post(hook_urls.INCOMING_CALL)
    async def incoming_call(request: Request, form: Form = Depends(signed)) -> Response:
        try:
            await keep.ask([delivery(request, "incoming_call", form)])
        except DatabaseError as error:  # the caller is on the line: they get somebody, or words
            log.error("a call to us could not be kept: %s", error, extra={"action": "hook.incoming_call"})
            return _xml(twiml.hang_up(NOBODY_THERE))
        return await run_in_threadpool(_on_the_line, lambda: _welcome(parts, settings), otherwise=NOBODY_THERE)

    @routes.post(f"{hook_urls.SPEAK}/{{handle}}")
    def speak(handle: str, form: Form = Depends(signed)) -> Response:
        attempt = handle_of(handle)

        def words() -> str:
            match talking.picked_up(parts, attempt, answered_by(form)):
                case Say(speech, "person"):
                    return twiml.for_person(speech, hook(settings.public_url, hook_urls.KEY, attempt))
                case Say(speech, _):
                    return twiml.for_machine(speech)
            return twiml.hang_up()

        return _on_the_line(words)

    @routes.post(f"{hook_urls.KEY}/{{handle}}")
    def key(handle: str, form: Form = Depends(signed)) -> Response:
        attempt = handle_of(handle)

        def words() -> str:
            meant = talking.pressed(parts, attempt, form.get("Digits", ""))
            return twiml.hang_up(NO_SUCH_KEY) if meant is None else twiml.after_key(*meant, settings.caller_id)

        return _on_the_line(words, otherwise=KEY_LOST)

    @routes.post(f"{hook_urls.BRIDGE}/{{handle}}")
    def bridge(handle: str, form: Form = Depends(signed)) -> Response:
        attempt = handle_of(handle)

        def words() -> str:
            match talking.agent_answered(parts, attempt):
                case Connect(customer):
                    leg = hook(settings.public_url, hook_urls.CUSTOMER_LEG, attempt)
                    return twiml.connect(customer, settings.caller_id, leg)
            return twiml.hang_up(NOT_NOW)

        return _on_the_line(words, otherwise=NOT_NOW)

    return routes


def _kept(form: Mapping[str, str]) -> dict[str, str]:
    return {storable(name): storable(value) for name, value in list(form.items())[:MOST_PARAMETERS]}


def _welcome(parts: Parts, settings: Settings) -> str:
    in_use = parts.database.run(parts.rulebook.refresh)
    return twiml.incoming(in_use.house.speak_to or None, settings.caller_id, str(in_use.company.get("name") or ""))


def _on_the_line(words: Callable[[], str], otherwise: str | None = None) -> Response:
    """What to do with the line; a hang-up, after these words, where the database cannot be asked whether anything may be said."""
    try:
        return _xml(words())
    except Exception as error:  # shell: whatever is wrong with us, the provider would read it to whoever is on the line
        log.error("a line was hung up on: %s", type(error).__name__, extra={"action": "hook.hung_up"})
        return _xml(twiml.hang_up(otherwise))


def _xml(text: str) -> Response:
    return Response(text, media_type="text/xml")
