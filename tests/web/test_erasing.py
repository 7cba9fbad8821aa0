"""Erasing a customer: nothing that says who they are is left anywhere, and whoever comes back as them is left alone."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from orchestrator import callbacks, desk, dispatch, engine, sheets
from orchestrator.accepting import accept
from orchestrator.channels import hook_urls
from orchestrator.erasing import Erased, UnderWay, erase
from orchestrator.errors import InputError, NotFound
from orchestrator.parts import Parts
from orchestrator.receiving import read_event
from orchestrator.store import events, schema
from orchestrator.store.audit import By
from tests.intake.ready import Hands, quote_sent
from tests.web.practice import Business, post_sendgrid, post_twilio

LEE = By("lee", "lead")
NUMBER, MAIL, NAME, REF = "+13125550177", "zelda.canary@example.com", "Zelda Quux", "C-canary-77"
CANARIES = ["3125550177", "312-555-0177", "zelda", "quux", REF, "canary"]
ZELDA = {
    "id": REF, "name": NAME, "phone": NUMBER, "email": MAIL, "time_zone": "America/Chicago", "locale": "en-US", "tier": "canary",
    "consent": {"email": "service", "text": "service", "call": "service", "voice": "service"},
}  # fmt: skip


class Zelda(Business):
    """A business whose only customer is Zelda, and everything that she and the providers say."""

    def person(self) -> UUID:
        return UUID(str(self._rows(select(schema.customer.c.id).order_by(schema.customer.c.id))[0].id))

    def everything_is_said(self, web: TestClient) -> None:
        """Her strings are in every place that customers, staff and providers can reach."""
        accept(self.parts, [
            quote_sent(key="c1", subject="quote/Z-1", customer=ZELDA, data={"amount": 1, "code": "canary in the data"}),
            quote_sent(key=f"{MAIL}/1", type="customer.moved", subject=f"person/{REF}", customer={**ZELDA, "time_zone": "canary"}, data={}),
            quote_sent(key="c2", type="quote.viewed", subject="quote/Z-1", customer=None, data={"by": "canary"}),
        ])  # fmt: skip
        for channel in ("call", "email", "text", "voice"):
            self.clock.now += timedelta(minutes=2)
            dispatch.drain(self.parts, channel)
        self._voice_call_ends(web)
        web.post(self.survey_link(), data={"answer": "9"})
        web.post(f"{self.survey_link()}/comment", data={"comment": "a canary sang"})
        post_twilio(
            web, hook_urls.INCOMING_TEXT, {"MessageSid": f"SM{1:032}", "From": NUMBER, "To": "+1", "Body": "my canary died"}
        )
        handle = self.handle("text")
        said = {"MessageSid": f"SM{handle.hex}", "MessageStatus": "undelivered", "To": NUMBER, "ErrorCode": "30003"}
        post_twilio(web, f"{hook_urls.TEXT_STATUS}/{handle}", {**said, "ErrorMessage": f"{NUMBER} canary cannot be reached"})
        events = [{"email": MAIL, "event": "bounce", "type": "blocked", "sg_event_id": "e1", "reason": f"{MAIL} canary",
                   "attempt": str(self.handle("email")), "timestamp": int(self.clock.now.timestamp())}]  # fmt: skip
        post_sendgrid(web, events, self.clock.now)
        callbacks.handle_waiting(self.parts)
        engine.opt_out(self.parts, self.person(), "voicemail", "said: no canary on my machine", self.clock.now)
        self._staff_call_ends()

    def _voice_call_ends(self, web: TestClient) -> None:
        for handle in [m.handle for m in self.wire.sent if m.channel == "voice"]:
            said = {
                "CallSid": f"CA{handle.hex}",
                "CallStatus": "completed",
                "To": NUMBER,
                "AnsweredBy": "human",
                "CallDuration": "9",
            }
            post_twilio(web, f"{hook_urls.CALL_STATUS}/{handle}", said)
        callbacks.handle_waiting(self.parts)

    def _staff_call_ends(self) -> None:
        task = desk.claim_next(self.parts, "ari")
        if task is not None:
            desk.finish(self.parts, task.touch, "ari", "completed", note=f"{NAME} keeps a canary", answers={"pet": "canary"})

    def events_wait(self) -> None:
        """Another event could not be handled yet; it is tried again later."""
        in_use = self.parts.database.run(self.parts.rulebook.refresh)
        raw = quote_sent(key="w1", subject="quote/Z-2", customer=ZELDA, data={"code": "canary"})
        new = read_event(raw, lifecycle=in_use.lifecycle, received_at=self.clock.now, new_id=self.parts.new_id).event
        self.parts.database.run(lambda work: events.store(work, [new], {}, state="waiting", tries=1))

    def quiet(self) -> None:
        """Nothing is on its way to her at this moment."""
        with self.client() as web:
            self._voice_call_ends(web)

    def skeleton(self) -> dict[UUID, tuple[str, str, str | None]]:
        """touch -> (touchpoint, state, reason)."""
        t = schema.touch.c
        return {r.id: (r.touchpoint, r.state, r.reason) for r in self.rows(select(t.id, t.touchpoint, t.state, t.reason))}

    def audited(self) -> list[tuple[str, str, str]]:
        return [(r.who, r.what, r.about) for r in self.rows(select(schema.audit))]

    def stopped(self, ref: str) -> set[str]:
        """Channels on which this customer gets nothing."""
        theirs = schema.suppression.c.customer_id == schema.customer.c.id
        query = select(schema.suppression.c.channel).where(
            theirs, schema.customer.c.ref == ref, schema.suppression.c.lifted_at.is_(None)
        )
        return {row.channel for row in self.rows(query)}

    def going(self, ref: str) -> list[str]:
        """What was made or may still be made with this customer after they came back."""
        t, c = schema.touch.c, schema.customer.c
        over = ("skipped", "cancelled", "expired")
        query = select(t.touchpoint).where(
            t.customer_id == c.id, c.ref == ref, t.state.not_in(over), t.planned_at >= self.clock.now - timedelta(minutes=8)
        )
        return [row.touchpoint for row in self.rows(query)]

    def open_runs(self, customer: UUID) -> int:
        c = schema.enrollment.c
        return len(self.rows(select(c.id).where(c.customer_id == customer, c.ended_at.is_(None))))

    def rows(self, query: Any) -> list[Any]:
        return self._rows(query)

    def dump(self) -> str:
        """Every row of every table."""
        with self.parts.database.work() as work:
            return "\n".join(
                f"{table.name} {json.dumps(row, default=str, ensure_ascii=False)}"
                for table in schema.metadata.sorted_tables
                if table.name not in ("playbook_version", "secret")
                for row in (dict(r._mapping) for r in work.connection.execute(select(table)))
            )

    def found(self) -> list[str]:
        """Rows that still name her."""
        return [line for line in self.dump().splitlines() if any(c.lower() in line.lower() for c in CANARIES)]


@pytest.fixture
def zelda(ready: Parts, tmp_path: Path, clock: Hands) -> Zelda:
    return _made(ready, tmp_path, clock)


@pytest.fixture
def zelda_on_both(ready_on_both: Parts, tmp_path: Path, clock: Hands) -> Zelda:
    return _made(ready_on_both, tmp_path, clock)


@pytest.fixture
def heard(zelda_on_both: Zelda) -> Iterator[tuple[Zelda, TestClient]]:
    with zelda_on_both.client() as web:
        zelda_on_both.everything_is_said(web)
        yield zelda_on_both, web


def _made(parts: Parts, folder: Path, clock: Hands) -> Zelda:
    made = Zelda(parts, folder / "design", clock, customer=ZELDA)
    return made


def test_nothing_in_any_table_names_an_erased_customer(heard: tuple[Zelda, TestClient]) -> None:
    zelda, _ = heard
    zelda.events_wait()
    before = zelda.found()
    tables = {line.split()[0] for line in before}

    done = erase(zelda.parts, zelda.person(), REF, LEE)

    assert tables >= {
        "customer",
        "event",
        "enrollment",
        "attempt",
        "reply",
        "survey_answer",
        "inbox",
        "suppression",
        "journal",
        "call_sheet",
    }
    assert isinstance(done, Erased)
    assert zelda.found() == []


def test_what_happened_stays_without_the_words(heard: tuple[Zelda, TestClient]) -> None:
    zelda, _ = heard
    before = zelda.skeleton()

    erase(zelda.parts, zelda.person(), REF, LEE)

    after = zelda.skeleton()
    assert set(before) <= set(after)
    assert {state for _, state, _ in after.values()} <= {"sent", "done", "failed", "skipped", "cancelled"}
    assert {reason for _, _, reason in after.values() if reason} >= {"opted_out"}
    assert ("lee", "customer.erased", f"customer:{zelda.person()}") in zelda.audited()


@pytest.mark.parametrize(
    "comes",
    [
        {"id": "C-new", "phone": NUMBER},
        {"id": "C-new", "email": MAIL.upper()},
        {"id": REF, "name": "Somebody"},
        {"id": "C-known", "phone": NUMBER},  # we know them already, and now this is their number
    ],
)
def test_whoever_comes_with_something_of_an_erased_customer_is_not_contacted(zelda_on_both: Zelda, comes: dict[str, Any]) -> None:
    zelda = zelda_on_both
    zelda.quiet()
    accept(
        zelda.parts,
        [quote_sent(key="k", subject="quote/known", customer={**ZELDA, "id": "C-known", "phone": "+13125550111", "email": None})],
    )
    erase(zelda.parts, zelda.person(), REF, LEE)
    zelda.clock.now += timedelta(minutes=1)
    accept(zelda.parts, [quote_sent(key="n", time="2026-11-20T10:05:00-06:00", subject="quote/new",
                                    customer={**comes, "time_zone": "America/Chicago", "consent": ZELDA["consent"]})])  # fmt: skip

    assert zelda.stopped(comes["id"]) == {"all"}
    for channel in ("call", "email", "text", "voice"):
        zelda.clock.now += timedelta(minutes=2)
        dispatch.drain(zelda.parts, channel)
    assert zelda.going(comes["id"]) == []


def test_others_with_the_same_number_whom_we_know_already_stay_as_they_are(zelda: Zelda) -> None:
    zelda.quiet()
    accept(zelda.parts, [quote_sent(key="k", subject="quote/known", customer={**ZELDA, "id": "C-known"})])

    erase(zelda.parts, zelda.person(), REF, LEE)
    accept(zelda.parts, [quote_sent(key="k2", time="2026-11-20T10:05:00-06:00", subject="quote/known2",
                                    customer={**ZELDA, "id": "C-known"})])  # fmt: skip

    assert zelda.stopped("C-known") == set()


def test_events_that_come_while_a_customer_is_erased_contact_nobody(zelda_on_both: Zelda) -> None:
    zelda = zelda_on_both
    zelda.quiet()
    errors: list[BaseException] = []
    start = threading.Barrier(5)

    def send(n: int) -> None:
        start.wait()
        for turn in range(4):
            event = quote_sent(key=f"r{n}-{turn}", subject=f"quote/r{n}-{turn}", customer=ZELDA, data={"amount": 1})
            try:
                accept(zelda.parts, [event])
            except BaseException as error:
                errors.append(error)

    senders = [threading.Thread(target=send, args=(n,)) for n in range(4)]
    for one in senders:
        one.start()
    start.wait()
    zelda.clock.now += timedelta(seconds=1)
    erase(zelda.parts, zelda.person(), REF, LEE)
    for one in senders:
        one.join()

    assert errors == []
    back = [row.id for row in zelda.rows(select(schema.customer).where(schema.customer.c.ref == REF))]
    assert len(back) <= 1
    assert all(zelda.stopped(REF) == {"all"} for _ in back)
    assert zelda.open_runs(zelda.person()) == 0
    sent = len(zelda.wire.sent)
    for channel in ("call", "email", "text", "voice"):
        zelda.clock.now += timedelta(minutes=2)
        dispatch.drain(zelda.parts, channel)
    assert len(zelda.wire.sent) == sent


def test_nobody_is_erased_while_somebody_talks_to_them(zelda: Zelda) -> None:
    zelda.quiet()
    task = desk.claim_next(zelda.parts, "ari")
    assert task is not None

    refused = erase(zelda.parts, zelda.person(), REF, LEE)

    assert refused == UnderWay(["ari has the call check-in"])
    assert zelda.found()


def test_what_comes_in_late_about_an_erased_customer_is_not_kept(heard: tuple[Zelda, TestClient]) -> None:
    zelda, web = heard
    survey = zelda.survey_link()
    erase(zelda.parts, zelda.person(), REF, LEE)

    for handle in [m.handle for m in zelda.wire.sent if m.channel == "text"]:
        said = {"MessageSid": f"SM{handle.hex}", "MessageStatus": "failed", "To": NUMBER, "ErrorMessage": f"canary {NUMBER}"}
        post_twilio(web, f"{hook_urls.TEXT_STATUS}/{handle}", said)
    post_twilio(web, hook_urls.INCOMING_TEXT, {"MessageSid": f"SM{9:032}", "From": NUMBER, "To": "+1", "Body": "Zelda again"})
    post_sendgrid(web, [{"email": MAIL, "event": "spamreport", "sg_event_id": "e9", "timestamp": 1}], zelda.clock.now)
    callbacks.handle_waiting(zelda.parts)
    answers = [web.post(survey, data={"answer": "2"}), web.post(f"{survey}/comment", data={"comment": "canary"})]

    assert [a.status_code for a in answers] == [404, 404]
    assert zelda.found() == []


def test_a_page_that_is_still_open_writes_nothing_about_an_erased_customer(zelda: Zelda) -> None:
    zelda.quiet()
    task = desk.claim_next(zelda.parts, "ari")
    assert task is not None
    desk.put_back(zelda.parts, task.touch, "ari")
    erase(zelda.parts, zelda.person(), REF, LEE)

    sheets.save(zelda.parts, task.touch, "ari", note=f"{NAME} and her canary")

    assert zelda.found() == []


def test_the_business_id_has_to_be_typed_and_there_is_no_second_time(zelda: Zelda) -> None:
    zelda.quiet()
    with pytest.raises(InputError, match="not the customer's id"):
        erase(zelda.parts, zelda.person(), "C-other", LEE)

    erase(zelda.parts, zelda.person(), f" {REF} ", LEE)

    with pytest.raises(NotFound):
        erase(zelda.parts, zelda.person(), REF, LEE)


def test_an_event_that_is_sent_again_after_the_erasure_is_still_the_same_event(zelda: Zelda) -> None:
    zelda.quiet()
    first = quote_sent(data={"amount": 1850}, customer=ZELDA)
    erase(zelda.parts, zelda.person(), REF, LEE)

    [again] = accept(zelda.parts, [first])

    assert again.status == "repeated"
    assert zelda.found() == []
