"""One suite over every channel of the registry: what dispatch and the sweep rely on, whatever carries the messages."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

from orchestrator.carrier.carrier import Carrier
from orchestrator.carrier.running import RunningCarrier
from orchestrator.channels.base import (
    KINDS,
    Accepted,
    Channel,
    Found,
    Held,
    Outgoing,
    Placed,
    RejectedPermanent,
    RejectedSafe,
    Sought,
    Unknown,
)
from orchestrator.channels.ledger import Ledger
from orchestrator.channels.registry import REGISTRY, channels
from orchestrator.config import Settings
from orchestrator.errors import SettingsError
from orchestrator.ids import new_id
from orchestrator.rehearsing import rehearsed

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
UNTIL = NOW + timedelta(minutes=1)
ANSWERS = (Accepted, Placed, RejectedSafe, Held, RejectedPermanent, Unknown)
NAMES = sorted(REGISTRY)

Make = Callable[[str], Channel]


@pytest.fixture(scope="module")
def carrier() -> Iterator[RunningCarrier]:
    """Twilio and SendGrid as they are rehearsed."""
    with RunningCarrier(Carrier(lambda: NOW), works=False) as running:
        yield running


@pytest.fixture(scope="module")
def mail_server() -> Iterator[Controller]:
    """A mail server that takes everything."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Controller(Sink(), hostname="127.0.0.1", port=port)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def make(tmp_path: Path, carrier: RunningCarrier, mail_server: Controller) -> Make:
    def one(name: str) -> Channel:
        settings = Settings(
            _env_file=None, ledger_file=tmp_path / "ledger.jsonl", carrier_url=carrier.url, smtp_host="127.0.0.1", email_from="hello@rehearsal.example",
            smtp_port=mail_server.port, smtp_security="none",
        )  # fmt: skip
        return REGISTRY[name](rehearsed(settings), lambda: NOW)

    return one


def sought(message: Outgoing) -> Sought:
    """The same message, of which nobody knows what became of it."""
    return Sought(message.handle, message.channel, message.to, message.fingerprint, NOW, NOW)


def arrived(found: Found) -> bool:
    return found not in ("absent", "cannot tell")


def message(channel: str = "email", body: str = "How are you?", until: datetime = UNTIL) -> Outgoing:
    handle = new_id()
    to = f"{handle.hex}@example.com" if channel == "email" else "+13125550142"
    subject = "Hello" if channel == "email" else None
    return Outgoing(handle, channel, until, to, body, subject, playbook="p", touchpoint="t")


@pytest.mark.parametrize("name", NAMES)
class TestEveryChannel:
    def test_it_is_called_as_the_registry_calls_it_and_says_what_it_carries(self, make: Make, name: str) -> None:
        channel = make(name)

        assert channel.name == name
        assert channel.carries
        assert set(channel.carries) <= set(KINDS)

    def test_it_answers_for_each_message_in_their_order(self, make: Make, name: str) -> None:
        channel = make(name)
        batch = [message(kind) for kind in channel.carries for _ in range(50)]

        answers = channel.send(batch)

        assert len(answers) == len(batch)
        assert all(isinstance(a, ANSWERS) for a in answers)
        refs = [a.ref for a in answers if isinstance(a, Accepted | Placed)]
        assert len(refs) == len(batch), [a for a in answers if not isinstance(a, Accepted | Placed)][:1]
        assert len(set(refs)) == len(refs)
        assert all(0 < len(ref) <= 200 for ref in refs), "the attempt keeps 200 characters"

    def test_an_empty_batch_is_no_work(self, make: Make, name: str) -> None:
        assert make(name).send([]) == []

    def test_it_starts_nothing_once_the_claim_is_over(self, make: Make, name: str) -> None:
        if name == "null":
            pytest.skip("nothing is ever sent")
        channel = make(name)
        late = message(next(iter(channel.carries)), until=NOW)

        answers = channel.send([late])

        assert isinstance(answers[0], RejectedSafe)
        assert not arrived(channel.find([sought(late)])[late.handle])

    def test_what_was_accepted_is_never_called_absent(self, make: Make, name: str) -> None:
        channel = make(name)
        batch = [message(kind, body=f"How are you, {n}?") for n, kind in enumerate(channel.carries)]
        channel.send(batch)

        found = channel.find([sought(m) for m in batch])

        assert set(found) <= {m.handle for m in batch}
        assert "absent" not in found.values()

    def test_a_handle_that_it_never_saw_is_not_called_arrived(self, make: Make, name: str) -> None:
        channel = make(name)
        stranger = message(next(iter(channel.carries)), body=f"never sent, {new_id()}")

        assert not arrived(channel.find([replace(sought(stranger), to="+13125550177")]).get(stranger.handle, "cannot tell"))


def test_settings_name_a_channel_for_each_kind_of_message(tmp_path: Path) -> None:
    made = channels(Settings(_env_file=None, text_via="ledger", voice_via="ledger", ledger_file=tmp_path / "l"), lambda: NOW)

    assert set(made) == set(KINDS)
    assert made["email"].name == "sendgrid"
    assert made["text"] is made["voice"], "one object for each name"


def test_a_channel_that_does_not_exist_is_named_with_a_hint() -> None:
    with pytest.raises(SettingsError, match="did you mean 'ledger'"):
        channels(Settings(_env_file=None, email_via="leger"), lambda: NOW)


# -- the ledger ---------------------------------------------------------------------------------------------------------


def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.jsonl", lambda: NOW)


def test_many_writers_at_once_leave_whole_lines(tmp_path: Path) -> None:
    gate = threading.Barrier(6)

    def write(_: int) -> None:
        own = ledger(tmp_path)
        gate.wait()
        for _ in range(10):
            own.send([message(body="x" * 3_000) for _ in range(20)])

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(6)))

    lines = (tmp_path / "ledger.jsonl").read_text().splitlines()
    assert len({json.loads(line)["handle"] for line in lines}) == len(lines) == 1_200


def test_half_a_line_that_a_crash_left_proves_nothing_and_spoils_nothing(tmp_path: Path) -> None:
    whole, cut, after = message(), message(), message()
    ledger(tmp_path).send([whole, cut])
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(path.read_bytes()[:-40])

    ledger(tmp_path).send([after])

    found = ledger(tmp_path).find([sought(m) for m in (whole, cut, after)])
    assert isinstance(found[whole.handle], Accepted)
    assert found[cut.handle] == "cannot tell"
    assert isinstance(found[after.handle], Accepted)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_that_cannot_be_written_is_a_safe_refusal(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)

    answers = ledger(tmp_path).send([message()])

    assert isinstance(answers[0], RejectedSafe)


def test_a_folder_in_the_place_of_the_file_is_a_safe_refusal_and_tells_nothing(tmp_path: Path) -> None:
    (tmp_path / "ledger.jsonl").mkdir()
    one = message()

    assert isinstance(ledger(tmp_path).send([one])[0], RejectedSafe)
    assert ledger(tmp_path).find([sought(one)]) == {one.handle: "cannot tell"}


def test_a_full_disk_takes_nothing_rather_than_half(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    own = Ledger(Path("/dev/full"), lambda: NOW)

    assert isinstance(own.send([message()])[0], RejectedSafe)
