"""Tables of what comes from outside and goes there: providers' callbacks, customers' words, senders and their pace."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from orchestrator.store.columns import BigId, Json, Moment, metadata, one_of

inbox = Table(
    "inbox",
    metadata,
    Column("id", BigId, primary_key=True),  # the order in which they came
    Column("provider", String(16), nullable=False),
    Column("kind", String(24), nullable=False),  # which hook: inbox.KINDS
    Column("key", String(200), nullable=False),  # the provider's own for this delivery, or a hash of what it says
    Column("handle", Uuid),  # the attempt, where the hook carries it
    Column("ref", String(200)),  # the provider's name for what it is about
    Column("body", Json, nullable=False),  # as it came, checked and signed
    Column("received_at", Moment, nullable=False),
    Column("state", String(16), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("again_at", Moment),
    Column("error", Text),
    UniqueConstraint("provider", "key"),  # doubled deliveries are one
    CheckConstraint(one_of("state", {"waiting", "handled", "set_aside"}), name="state"),
    CheckConstraint("(state = 'waiting') = (again_at IS NOT NULL)", name="waiting_has_moment"),
    # inbox.heard_of and .not_dealt_with: before an e-mail of which nothing was heard counts as lost
    Index("ix_inbox_heard", "provider", "received_at"),
    Index("ix_inbox_handle", "handle", postgresql_where=text("state <> 'handled'"), sqlite_where=text("state <> 'handled'")),
    # inbox.waiting: every second
    Index(
        "ix_inbox_waiting", "again_at", "id",
        postgresql_where=text("state = 'waiting'"), sqlite_where=text("state = 'waiting'"),
    ),
)  # fmt: skip

reply = Table(
    "reply",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("customer_id", Uuid, ForeignKey("customer.id"), nullable=False),
    Column("enrollment_id", Uuid),  # the follow-up that it most likely answers
    Column("channel", String(16), nullable=False),  # text | call | email
    Column("kind", String(16), nullable=False),  # what it looks like: reply, maybe_stop, missed_call, asked_for_call
    Column("said", Text, nullable=False),
    Column("came_at", Moment, nullable=False),
    Column("provider_ref", String(200)),
    Column("read_at", Moment),  # a person has dealt with it
    Column("read_by", String(120)),
    Column("verdict", String(16)),  # stop | go_on | end
    CheckConstraint(one_of("channel", {"text", "call", "email"}), name="channel"),
    CheckConstraint(one_of("kind", {"reply", "maybe_stop", "missed_call", "asked_for_call"}), name="kind"),
    CheckConstraint("(read_at IS NULL) = (verdict IS NULL) AND (read_at IS NULL) = (read_by IS NULL)", name="read_has_verdict"),
    CheckConstraint(f"verdict IS NULL OR {one_of('verdict', {'stop', 'go_on', 'end'})}", name="verdict"),
    # replies.open: what staff have to read
    Index("ix_reply_open", "came_at", "id", postgresql_where=text("read_at IS NULL"), sqlite_where=text("read_at IS NULL")),
    Index("ix_reply_customer", "customer_id"),  # replies.of: the conversation with one customer
)

survey_answer = Table(
    "survey_answer",
    metadata,
    Column(
        "attempt_id", Uuid, ForeignKey("attempt.id"), primary_key=True
    ),  # one answer for each mail; a second click corrects it
    Column("rating", Integer, nullable=False),
    Column("scale_most", Integer, nullable=False),  # 5 or 10
    Column("comment", Text),
    Column("answered_at", Moment, nullable=False),
    CheckConstraint("rating >= 0 AND rating <= scale_most", name="on_the_scale"),
)

sender = Table(
    "sender",
    metadata,
    Column("name", String(120), primary_key=True),  # channel and where it goes out, e.g. "text twilio +13125550100"
    Column("free_at", Moment, nullable=False),  # pacing: the next one may begin then (virtual scheduling)
    Column("held_until", Moment),  # the provider asked us to wait, or the breaker is open; then one is tried
    Column("held_code", String(40)),
    Column("held_why", Text),  # set: the breaker is open, and somebody has to mend it
    Column("held_since", Moment),
    Column(
        "held_by_report", Boolean, nullable=False
    ),  # opened by a report on what had been accepted: acceptance proves nothing then
)

secret = Table(
    "secret",
    metadata,
    Column("name", String(40), primary_key=True),  # e.g. "links": signs the links in e-mails
    Column("value", String(100), nullable=False),
)
