"""What a developer of the business's systems was promised: a 2xx means committed, posting again is harmless, errors say what to do."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
from starlette.testclient import TestClient

from orchestrator.keys import issue
from orchestrator.parts import Parts
from orchestrator.rulebook import InUse, Rulebook
from orchestrator.store import enrollments, events
from orchestrator.store.database import Work
from tests.intake.ready import Hands, parts_on, quote_sent
from tests.intake.test_cloudevents import cloud
from tests.web.conftest import client_of, client_with

CLOUD = "application/cloudevents+json"
CLOUDS = "application/cloudevents-batch+json"


def post(client: TestClient, body: object, kind: str = "application/json", **more: Any) -> Any:
    """A response; a body that is no bytes is sent as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post("/events", content=content, headers={"Content-Type": kind, **more.pop("headers", {})}, **more)


def stored(parts: Parts, subject: str = "quote/Q-1042") -> list[str]:
    """The ids of the events that the database has about a subject."""
    with parts.database.work() as work:
        return [row.key for row in events.of_subject(work, subject)]


def enrolled(parts: Parts, subject: str = "quote/Q-1042") -> list[str]:
    """The playbooks that the subject is in."""
    with parts.database.work() as work:
        return sorted(run.playbook for run, _ in enrollments.open_for(work, [subject]))


def test_an_accepted_event_is_stored_and_starts_its_playbook(ready_on_both: Parts) -> None:
    with client_of(ready_on_both) as crm:
        answer = post(crm, quote_sent())

    assert answer.status_code == 200
    said = answer.json()
    assert (said["id"], said["status"], said["warnings"]) == ("81", "accepted", [])
    assert len(said["enrollments"]) == 1
    assert stored(ready_on_both) == ["81"]
    assert enrolled(ready_on_both) == ["quote-follow-up"]


def test_the_same_event_again_gets_the_same_answer_and_starts_nothing(ready_on_both: Parts, clock: Hands) -> None:
    with client_of(ready_on_both) as crm:
        first = post(crm, quote_sent()).json()
        clock.set("2026-11-23 10:00")
        again = post(crm, quote_sent(time="2026-11-20T15:12:00Z"))

    assert again.status_code == 200
    assert again.json() == {**first, "status": "repeated"}
    assert stored(ready_on_both) == ["81"]


def test_the_same_id_with_another_body_is_refused_and_changes_nothing(ready_on_both: Parts) -> None:
    with client_of(ready_on_both) as crm:
        post(crm, quote_sent())
        answer = post(crm, quote_sent(data={"amount": 1, "currency": "USD"}))

    assert answer.status_code == 409
    assert "'81' of 'crm'" in answer.json()["error"]["problem"]
    with ready_on_both.database.work() as work:
        assert events.of_subject(work, "quote/Q-1042")[0].data["amount"] == 1850


def test_eight_threads_with_one_event_make_one_enrollment_and_get_one_answer(ready_on_both: Parts) -> None:
    key = issue(ready_on_both, "crm", ["events:write"])
    start = threading.Barrier(8)

    def send(crm: TestClient) -> Any:
        start.wait(20)  # seconds: a thread that failed before must not leave the others waiting for ever
        return post(crm, quote_sent())

    # Clients are made one after the other: of eight made at once, one sometimes failed, and the others waited for it.
    with ExitStack() as stack, ThreadPoolExecutor(8) as pool:
        senders = [stack.enter_context(client_with(ready_on_both, key)) for _ in range(8)]
        answers = list(pool.map(send, senders))

    assert [a.status_code for a in answers] == [200] * 8
    assert sorted(a.json()["status"] for a in answers) == ["accepted"] + ["repeated"] * 7
    assert len({json.dumps([a.json()["event"], a.json()["enrollments"]]) for a in answers}) == 1
    assert stored(ready_on_both) == ["81"]


def test_the_form_of_an_event_makes_no_difference(ready: Parts, crm: TestClient) -> None:
    data = json.dumps(cloud()["data"]).encode()
    headers = {f"ce-{n}": str(v) for n, v in cloud().items() if n not in ("data", "datacontenttype")}

    answers = [
        post(crm, quote_sent()),
        post(crm, cloud(), f"{CLOUD}; charset=UTF-8"),
        post(crm, data, headers=headers),
    ]

    assert [a.json()["status"] for a in answers] == ["accepted", "repeated", "repeated"]
    assert post(crm, [cloud()], CLOUDS).json()["counts"] == {"repeated": 1}


def test_a_batch_stores_what_is_good_and_names_what_is_not(crm_on_both: TestClient, ready_on_both: Parts) -> None:
    post(crm_on_both, quote_sent("1"))
    batch = [
        quote_sent("2", subject="quote/2"),
        quote_sent("3", time="2026-11-20T09:12:00"),
        quote_sent("1", subject="quote/other"),
        "no object",
        quote_sent("2", subject="quote/2"),
        quote_sent("4", type="quote.snet", subject="quote/4"),
    ]

    answer = post(crm_on_both, batch)

    assert answer.status_code == 200
    said = answer.json()
    assert [(e["index"], e["id"], e["status"]) for e in said["events"]] == [
        (0, "2", "accepted"),
        (1, "3", "refused"),
        (2, "1", "conflict"),
        (3, None, "refused"),
        (4, "2", "repeated"),
        (5, "4", "accepted"),
    ]
    assert said["counts"] == {"accepted": 2, "refused": 2, "conflict": 1, "repeated": 1}
    assert said["events"][1]["problems"][0]["place"] == "time"
    assert said["events"][5]["warnings"][0]["place"] == "type"
    assert stored(ready_on_both, "quote/2") == ["2"]
    assert stored(ready_on_both, "quote/other") == []


def test_an_empty_batch_is_no_mistake(crm: TestClient) -> None:
    assert post(crm, [], CLOUDS).json() == {"counts": {}, "events": []}


def test_a_thousand_events_at_once_are_taken_and_one_more_is_not(ready: Parts, crm: TestClient) -> None:
    batch = [quote_sent(str(n), type="free.form") for n in range(1_001)]

    assert post(crm, batch).status_code == 413
    assert stored(ready) == []
    assert post(crm, batch[:1_000]).json()["counts"] == {"accepted": 1_000}


def test_a_number_that_is_none_is_told_and_the_follow_up_starts_nevertheless(ready: Parts, crm: TestClient) -> None:
    event = quote_sent()
    event["customer"] = {**event["customer"], "phone": "call me", "time_zone": "Mars/Olympus"}

    said = post(crm, event).json()

    assert {w["place"] for w in said["warnings"]} == {"customer.phone", "customer.time_zone"}
    assert all(w["hint"] for w in said["warnings"])
    assert enrolled(ready) == ["quote-follow-up"]


def test_history_needs_its_own_scope_and_starts_nothing(ready: Parts, crm: TestClient) -> None:
    assert post(crm, quote_sent(), params={"backfill": "true"}).status_code == 403
    with client_of(ready, "events:backfill") as archive:
        assert post(archive, quote_sent()).status_code == 403
        said = post(archive, quote_sent(), params={"backfill": "true"}).json()

    assert (said["status"], said["enrollments"]) == ("accepted", [])
    assert enrolled(ready) == []


def test_a_misspelt_parameter_is_refused_before_it_contacts_anybody(ready: Parts, crm: TestClient) -> None:
    answer = post(crm, quote_sent(), params={"backfil": "true"})

    assert answer.status_code == 400
    assert answer.json()["error"] == {
        "problem": "there is no parameter 'backfil'",
        "hint": "did you mean 'backfill'?",
        "place": "backfil",
    }
    assert post(crm, quote_sent(), params={"backfill": "perhaps"}).status_code == 422
    assert stored(ready) == []


@pytest.mark.parametrize(
    ("body", "status", "problem", "place"),
    [
        (b"", 400, "no body", ""),
        (b"{", 400, "not JSON", "line 1, column 2"),
        (json.dumps(quote_sent()).replace("1850", "NaN").encode(), 400, "NaN", ""),
        (json.dumps(quote_sent()).replace("1850", "1e999").encode(), 400, "too large", ""),
        (json.dumps(quote_sent()).replace("USD", "\\u0000").encode(), 400, "NUL", "data.currency"),
        (json.dumps(quote_sent()).replace("USD", "\\ud800").encode(), 400, "surrogate", "data.currency"),
        (json.dumps(quote_sent()).encode().replace(b"Dana", b"D\xe4na"), 400, "UTF-8", "byte"),
        (b'{"id": "81", "id": "82"}', 400, "'id' comes twice", "id"),
        (b'{"data":' * 1_000 + b"1" + b"}" * 1_000, 400, "more than 50 levels", ""),
        (b'"text"', 422, "JSON object", ""),
        (quote_sent(time="2026-11-20T09:12:00"), 422, "has no zone", "time"),
        (quote_sent(time="2026-11-22T09:12:00Z"), 422, "in the future", "time"),
        (quote_sent(data={}), 422, "'amount' is missing", "data.amount"),
        (quote_sent(colour="red"), 422, "'colour' is not known here", "colour"),
        (quote_sent(source="touchpoint"), 422, "own source", "source"),
    ],
)
def test_bad_input_is_told_apart_and_leaves_no_trace(
    ready: Parts, crm: TestClient, body: object, status: int, problem: str, place: str
) -> None:
    answer = post(crm, body)

    assert answer.status_code == status
    said = answer.json()
    assert problem in said["error"]["problem"]
    assert said["error"]["place"].startswith(place)
    assert said["problems"][0] == said["error"]
    assert stored(ready) == []


@pytest.mark.parametrize(
    ("kind", "more", "place"),
    [
        ("application/x-www-form-urlencoded", {}, "Content-Type"),  # what curl -d says by itself
        ("text/plain", {}, "Content-Type"),
        ("", {}, "Content-Type"),
        ("application/json; charset=iso-8859-1", {}, "Content-Type"),
        ("application/cloudevents+avro", {}, "Content-Type"),
        ("application/json", {"Content-Encoding": "gzip"}, "Content-Encoding"),
    ],
)
def test_another_content_type_is_refused_with_those_that_are_read(
    crm: TestClient, kind: str, more: dict[str, str], place: str
) -> None:
    answer = post(crm, quote_sent(), kind, headers=more)

    assert answer.status_code == 415
    assert answer.json()["error"]["place"] == place
    assert answer.json()["error"]["hint"]


def test_a_cloud_event_with_the_plain_content_type_is_told_what_to_change(crm: TestClient) -> None:
    answer = post(crm, cloud())

    assert answer.status_code == 422
    assert any(CLOUD in p["hint"] for p in answer.json()["problems"])


@pytest.mark.parametrize(("body", "kind"), [(cloud(), CLOUDS), ([cloud()], CLOUD)])
def test_one_event_and_a_batch_of_cloud_events_are_not_mixed_up(crm: TestClient, body: object, kind: str) -> None:
    assert post(crm, body, kind).status_code == 422


def test_an_event_that_our_own_defect_hits_is_kept_for_later(ready: Parts) -> None:
    class Defective(Rulebook):
        """Works for reading the lifecycle, and breaks when the event is handled."""

        asked = 0

        def refresh(self, work: Work) -> InUse:
            self.asked += 1
            if self.asked > 1:
                raise ZeroDivisionError("a defect")
            return super().refresh(work)

    parts = parts_on(ready.database.url, Hands("2026-11-20 10:00"), Defective())
    with client_of(parts) as crm:
        answer = post(crm, quote_sent())
    parts.database.close()

    assert answer.status_code == 202
    assert answer.json()["status"] == "later"
    assert stored(ready) == ["81"]


def test_our_own_defect_before_anything_is_stored_tells_to_send_it_again(ready: Parts) -> None:
    class Defective(Rulebook):
        def refresh(self, work: Work) -> InUse:
            raise ZeroDivisionError("a defect")

    parts = parts_on(ready.database.url, Hands("2026-11-20 10:00"), Defective())
    with client_of(parts) as crm:
        answer = post(crm, quote_sent())
    parts.database.close()

    assert answer.status_code == 500
    assert "send it again" in answer.json()["error"]["hint"]
    assert "ZeroDivision" not in answer.text
    assert stored(ready) == []


def test_errors_outside_events_have_the_same_form(crm: TestClient) -> None:
    answers: Sequence[Any] = [crm.get("/nowhere"), crm.get("/events"), crm.get("/docs"), crm.get("/openapi.json")]

    assert [a.status_code for a in answers] == [404, 405, 404, 404]
    assert all(a.json()["error"]["problem"] for a in answers)
