"""What a person at the page does in a customer's place. Everything goes over the agenda, as what customers do by themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from orchestrator.carrier.browsing import Page
from orchestrator.carrier.carrier import Carrier
from orchestrator.carrier.customers import Customer, customers

LONGEST_TEXT = 1600


class Playing:
    """The buttons."""

    def __init__(self, carrier: Carrier) -> None:
        self.carrier = carrier

    def do(self, given: Mapping[str, str]) -> str:
        """Press a button. Answers what is wrong, in words; empty when it was done."""
        what = given.get("do", "")
        if what == "manual":
            self.carrier.world.manual = given.get("on") == "yes"
            self.carrier.world.changed()
            return ""
        customer = next((one for one in customers(self.carrier) if one.key == given.get("who")), None)
        if customer is None:
            return "There is no such customer (any more)."
        if what in {"text", "stop", "call"}:
            return self._by_phone(customer, what, given.get("words", "").strip())
        if what in {"answer", "decline", "hang_up", "press"}:
            return self._in_call(customer, what, given)
        if what in {"open", "click", "unsubscribe", "spam", "bounce"}:
            return self._with_mail(customer, what, given)
        return "There is no such button."

    def _by_phone(self, customer: Customer, what: str, words: str) -> str:
        if not customer.numbers:
            return "This customer has no telephone."
        number = customer.numbers[-1]
        if what == "call":
            self.carrier.call_us(number)
            return ""
        words = "STOP" if what == "stop" else words
        if not words or len(words) > LONGEST_TEXT:
            return f"A text has from 1 to {LONGEST_TEXT} letters."
        self.carrier.text_us(number, words)
        return ""

    def _in_call(self, customer: Customer, what: str, given: Mapping[str, str]) -> str:
        call = next((one for one in customer.live if one.sid == given.get("sid")), None)
        if call is None:
            return "That call is over."
        calls = self.carrier.calls
        if what == "answer":
            self._plan(lambda now: _ignore(calls.pick_up(call, now)), call.sid)
        elif what == "press":
            key = given.get("key", "")
            if len(key) != 1 or key not in "0123456789*#":
                return "That is no key of a telephone."
            self._plan(lambda now: _ignore(calls.lines.press(call, key, now)), call.sid)
        else:
            status = "completed" if call.answered_at else "busy" if what == "decline" else "no-answer"
            self._plan(lambda now: calls.end(call, status, now), call.sid)
        return ""

    def _with_mail(self, customer: Customer, what: str, given: Mapping[str, str]) -> str:
        mails = self.carrier.mails
        mail = next((one for one in customer.mails if one.sid == given.get("mail")), None)
        if mail is None:
            return "That e-mail does not exist."
        if what == "open":
            self._plan(lambda now: mails.open(mail, now), mail.to)
        elif what == "unsubscribe":
            self._plan(lambda now: _ignore(mails.unsubscribe(mail, now)), mail.to)
        elif what == "spam":
            self._plan(lambda now: mails.report_spam(mail, now), mail.to)
        elif what == "bounce":
            self._plan(lambda now: mails.bounce(mail, now), mail.to)
        else:
            links = Page(mail.html).links
            number = int(given["n"]) if given.get("n", "").isdecimal() else len(links)
            if number >= len(links):
                return "That e-mail has no such link."
            self._plan(lambda now: _ignore(mails.click(mail, links[number].url, now)), mail.to)
        return ""

    def _plan(self, act: Callable[[datetime], None], lane: str) -> None:
        self.carrier.world.agenda.after(0.0, act, now=self.carrier.world.now(), lane=lane)


def _ignore(_: object) -> None:
    """What became of it is seen on the page."""
