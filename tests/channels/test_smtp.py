"""E-mails through a real mail server (aiosmtpd) on loopback, with and without encryption."""

from __future__ import annotations

import email.policy
import socket
import ssl
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import ClassVar

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from orchestrator.channels.base import Accepted, Company, Held, RejectedPermanent, RejectedSafe, Sought
from orchestrator.ids import new_id
from tests.channels.smtp_cases import NOW, channel, message


class Mailbox:
    """Takes e-mails; some addresses are refused, as mail servers refuse them."""

    REFUSALS: ClassVar = {
        "gone@example.com": "550 5.1.1 No such user here", "policy@example.com": "550 5.7.1 Not welcome",
        "grey@example.com": "450 4.2.0 Come back later",
    }  # fmt: skip

    def __init__(self) -> None:
        self.got: list[Envelope] = []
        self.sessions: set[int] = set()
        self.names: set[str | None] = set()

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, to: str, options: Sequence[str]) -> str:
        if to in self.REFUSALS:
            return self.REFUSALS[to]
        envelope.rcpt_tos.append(to)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if b"X-Refuse" in (envelope.content or b"") or "spam@example.com" in envelope.rcpt_tos:
            return "554 5.7.1 Looks like spam"
        self.sessions.add(id(session))
        self.names.add(session.host_name)
        self.got.append(envelope)
        return "250 OK"

    @property
    def mails(self) -> list[EmailMessage]:
        parser = BytesParser(policy=email.policy.SMTP)
        return [parser.parsebytes(e.content) for e in self.got if isinstance(e.content, bytes)]  # type: ignore[misc]


def check_password(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
    return AuthResult(success=isinstance(data, LoginPassword) and data.password == b"right", handled=False)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    box = Mailbox()
    port = free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port, authenticator=check_password, auth_require_tls=False)
    controller.start()
    try:
        yield box, port
    finally:
        controller.stop()


def test_a_batch_arrives_over_one_connection_as_html_and_text(mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    batch = [message(f"c{n}@example.com", reply_to="ari@harborandpine.example.com") for n in range(5)]

    answers = channel(port).send(batch)

    assert all(isinstance(a, Accepted) for a in answers)
    assert len(box.sessions) == 1
    assert [e.rcpt_tos for e in box.got] == [[m.to] for m in batch]
    first = box.mails[0]
    assert first["Subject"] == "Your quote — ready"
    assert str(first["From"]) == "Harbor & Pine <hello@harborandpine.example.com>"
    assert (first["To"], first["Reply-To"]) == ("c0@example.com", "ari@harborandpine.example.com")
    text, page = (first.get_body(preferencelist=(kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert "grüß dich.\n\n.\n\nBye." in text.get_content().replace("\r\n", "\n"), "a line with a dot ends nothing"
    assert page is not None
    assert "<strong>Dana</strong>" in page.get_content()


def test_the_message_id_is_made_of_the_attempt_so_that_a_reply_leads_back_to_it(mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    one = message()

    answer = channel(port).send([one])[0]

    assert answer == Accepted(f"<{one.handle}@harborandpine.example.com>")
    assert box.mails[0]["Message-ID"] == f"<{one.handle}@harborandpine.example.com>"


def test_a_long_address_to_stop_at_arrives_as_it_is(mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    one = message()

    channel(port).send([one])

    content = box.got[0].content
    assert isinstance(content, bytes)
    assert f"\r\nList-Unsubscribe: <{one.unsubscribe_url}>\r\n".encode() in content
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in content


def test_no_words_reach_the_headers_as_lines_of_their_own(mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    evil = "x\r\nBcc: evil@example.com"

    answers = channel(port).send(
        [message(subject=evil, company=Company(evil)), message(reply_to=f"a@example.com{evil}"), message(f"d@example.com{evil}")]
    )

    assert [type(a) for a in answers] == [Accepted, RejectedPermanent, RejectedPermanent]
    assert [m["Bcc"] for m in box.mails] == [None]
    assert box.got[0].rcpt_tos == ["dana@example.com"]


def test_one_refused_mailbox_spoils_nothing_for_the_others(mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    to = ["gone@example.com", "policy@example.com", "grey@example.com", "spam@example.com", "dana@example.com"]

    gone, policy, grey, spam, fine = channel(port).send([message(one) for one in to])

    assert isinstance(gone, RejectedPermanent)
    assert gone.contact_point_is_dead
    assert isinstance(policy, RejectedPermanent)
    assert not policy.contact_point_is_dead, "the server dislikes us; the mailbox exists"
    assert isinstance(grey, RejectedSafe)
    assert isinstance(spam, RejectedPermanent)
    assert isinstance(fine, Accepted)
    assert [e.rcpt_tos for e in box.got] == [["dana@example.com"]]


def test_the_machines_own_name_is_not_told(mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox

    channel(port).send([message()])

    assert box.names == {"harborandpine.example.com"}


def test_nothing_begins_after_its_time(mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox

    late, fine = channel(port).send([message(not_after=NOW), message()])

    assert late == RejectedSafe("it was too late to begin")
    assert isinstance(fine, Accepted)
    assert len(box.got) == 1


def test_a_wrong_password_holds_everything_and_a_right_one_sends(mailbox: tuple[Mailbox, int]) -> None:
    _, port = mailbox

    held = channel(port, smtp_user="us", smtp_password="wrong").send([message(), message()])
    sent = channel(port, smtp_user="us", smtp_password="right").send([message()])

    assert [type(a) for a in held] == [Held, Held], held
    assert "TOUCHPOINT_SMTP_PASSWORD" in str(held[0])
    assert isinstance(sent[0], Accepted)


@pytest.mark.parametrize("odd", [{"smtp_host": "a..b"}, {"smtp_user": "us", "smtp_password": "größe"}])
def test_settings_that_no_mail_server_understands_hold_everything(mailbox: tuple[Mailbox, int], odd: dict[str, str]) -> None:
    _, port = mailbox

    assert [type(a) for a in channel(port, **odd).send([message(), message()])] == [Held, Held]


def test_a_server_without_encryption_is_not_used_where_encryption_is_set(mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox

    answers = channel(port, smtp_security="starttls").send([message()])

    assert isinstance(answers[0], Held)
    assert not box.got


def test_without_a_sender_everything_is_held() -> None:
    assert [type(a) for a in channel(1, email_from="").send([message(), message()])] == [Held, Held]


def test_a_server_that_is_not_there_is_a_safe_refusal() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    answers = channel(port).send([message(), message()])

    assert [type(a) for a in answers] == [RejectedSafe, RejectedSafe]


def test_nobody_can_tell_about_earlier_ones() -> None:
    one = Sought(new_id(), "email", "dana@example.com", "", NOW, NOW)

    assert channel(1).find([one]) == {one.handle: "cannot tell"}


# -- encryption ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A certificate for "localhost" that this process trusts, as the server's side uses it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC)).not_valid_after(datetime(2099, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256())
    )  # fmt: skip
    pem, secret = tmp_path / "cert.pem", tmp_path / "key.pem"
    pem.write_bytes(made.public_bytes(Encoding.PEM))
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, secret)
    return context


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize(("host", "expected"), [("localhost", Accepted), ("127.0.0.1", Held)])
def test_e_mails_go_only_to_the_server_that_the_certificate_names(
    certificate: ssl.SSLContext, security: str, host: str, expected: type
) -> None:
    box, port = Mailbox(), free_port()
    how = {"ssl_context": certificate} if security == "tls" else {"tls_context": certificate, "require_starttls": True}
    controller = (Controller if security == "starttls" else TlsController)(box, hostname="localhost", port=port, **how)
    controller.start()
    try:
        answer = channel(port, smtp_security=security, smtp_host=host).send([message()])[0]
    finally:
        controller.stop()

    assert isinstance(answer, expected), answer
    assert len(box.got) == (expected is Accepted)
    assert all("TOUCHPOINT_SMTP_HOST" in a.why for a in [answer] if isinstance(a, Held))


class TlsController(Controller):
    """Encrypted from the first byte. aiosmtpd's own way to see that it is up trusts no certificate of ours."""

    def _trigger_server(self) -> None:
        with (
            socket.create_connection((self.hostname, self.port), 5) as plain,
            ssl.create_default_context().wrap_socket(plain, server_hostname="localhost") as talk,
        ):
            assert talk.recv(3) == b"220"
