"""The carrier in real time, in its own threads."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from twilio.rest import Client

from orchestrator.carrier import credentials
from orchestrator.carrier.carrier import Carrier
from orchestrator.carrier.running import RunningCarrier
from orchestrator.clock import utc_now
from orchestrator.errors import SettingsError
from tests.carrier.conftest import CALM, ToCarrier
from tests.carrier.receiver import Receiver


def test_time_passes_by_itself_and_order_is_kept_per_message() -> None:
    with Receiver() as receiver, RunningCarrier(Carrier(hooks=receiver.url, chances=CALM, speed=100)) as running:
        client = Client(credentials.ACCOUNT_SID, credentials.AUTH_TOKEN, http_client=ToCarrier(running.url))
        began = utc_now()
        for number in range(20):
            client.messages.create(
                to=f"+1312555{number + 2000}", from_=credentials.TEXT_FROM, body="Hi", status_callback=f"{receiver.url}/status"
            )
        assert running.carrier.wait_idle(20)

        assert utc_now() - began < timedelta(seconds=20)
        orders: dict[str, list[str]] = {}
        for got in receiver.at("/status"):
            orders.setdefault(got.form["MessageSid"], []).append(got.form["MessageStatus"])
        assert set(map(tuple, orders.values())) == {("queued", "sent", "delivered")}
        assert len(orders) == 20


def test_a_port_that_is_taken_says_what_to_do() -> None:
    with RunningCarrier(Carrier()) as first, pytest.raises(SettingsError, match="another --port"):
        RunningCarrier(Carrier(), port=first.port)


def test_after_closing_nobody_answers_and_closing_twice_is_harmless() -> None:
    running = RunningCarrier(Carrier())
    port = running.port

    running.close()
    running.close()

    with RunningCarrier(Carrier(), port=port) as again:
        assert again.url.endswith(str(port))


def test_a_mishap_in_the_imagination_silences_nobody_else() -> None:
    done = threading.Event()

    def stumble(_: datetime) -> None:
        raise ValueError("a mishap")

    with RunningCarrier(Carrier()) as running:
        agenda = running.carrier.world.agenda
        agenda.after(0, stumble, now=utc_now(), lane="same")
        agenda.after(0, lambda _: done.set(), now=utc_now(), lane="same")

        assert done.wait(5)


def test_what_was_planned_survives_a_restart_of_the_server() -> None:
    carrier = Carrier()
    order: list[int] = []
    begun, done = threading.Event(), threading.Event()
    agenda = carrier.world.agenda
    running = RunningCarrier(carrier)

    def first(_: datetime) -> None:
        begun.set()
        running._closing.wait(10)  # what comes after it is handed out already, and not yet done

    agenda.after(0, first, now=utc_now(), lane="same")
    for number in range(50):
        agenda.after(0, lambda _, n=number: order.append(n), now=utc_now(), lane="same")  # type: ignore[misc]
    agenda.after(0, lambda _: done.set(), now=utc_now(), lane="same")
    assert begun.wait(10)
    running.close()

    with RunningCarrier(carrier):
        assert done.wait(10)

    assert order == list(range(50))
