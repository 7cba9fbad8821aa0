"""Tables of the people who work with the system: who they are, how they signed in, and what they changed."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Table, Text, UniqueConstraint, Uuid, text

from orchestrator.core.roles import Role
from orchestrator.store.columns import BigId, Json, Moment, metadata, one_of

staff = Table(
    "staff",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", String(80), nullable=False, unique=True),  # they sign in with it, and it stands in journals: lower case
    Column("title", String(200), nullable=False),  # what people see
    Column("role", String(16), nullable=False),
    Column("email", String(254)),
    Column("phone", String(32)),  # E.164: their own telephone, rung first when they dial
    Column("queues", Json, nullable=False),  # whose calls they take; ["*"]: every queue
    Column("skills", Json, nullable=False),
    Column("languages", Json, nullable=False),  # they speak, e.g. ["en", "es"]; none said: every language
    Column("password_hash", Text),  # argon2id; null: they come by OIDC, or have not chosen one yet
    Column("totp_secret", String(64)),
    Column("totp_step", BigId),  # of the code that was used last: none is taken twice
    Column("oidc_subject", String(400)),  # issuer and subject
    Column("on_since", Moment),  # they are on the desk
    Column("seen_at", Moment),  # when a page of theirs last asked for something
    Column("created_at", Moment, nullable=False),
    Column("disabled_at", Moment),  # their rows stay: journals and audit name them
    CheckConstraint(one_of("role", Role), name="role"),
    CheckConstraint("name = lower(name)", name="lower_case"),
    CheckConstraint("disabled_at IS NULL OR on_since IS NULL", name="nobody_disabled_is_on"),
    UniqueConstraint("oidc_subject"),
)

session = Table(
    "session",
    metadata,
    Column("id", Uuid, primary_key=True),  # shown on the page of devices; opens nothing
    Column("hash", String(64), nullable=False, unique=True),  # sha256 of the cookie
    Column("staff_id", Uuid, ForeignKey("staff.id"), nullable=False),
    Column("via", String(16), nullable=False),
    Column("device", String(200), nullable=False),  # the browser, in words
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("ended_at", Moment),
    CheckConstraint(one_of("via", {"password", "oidc", "terminal"}), name="via"),
    CheckConstraint("expires_at > created_at", name="lasts"),
    # sessions.live_of: the page of devices, and ending all of them
    Index("ix_session_staff", "staff_id", postgresql_where=text("ended_at IS NULL"), sqlite_where=text("ended_at IS NULL")),
)

invitation = Table(
    "invitation",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),  # sha256 of the link's token
    Column("staff_id", Uuid, ForeignKey("staff.id"), nullable=False),  # whom it lets choose a password
    Column("made_by", String(80), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
    # one live link for each person: a new one makes the one before worthless
    Index(
        "ux_invitation_live", "staff_id", unique=True,
        postgresql_where=text("used_at IS NULL"), sqlite_where=text("used_at IS NULL"),
    ),
)  # fmt: skip

sign_in_failure = Table(
    "sign_in_failure",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("name_hash", String(64), nullable=False),  # of the name that was tried: people type passwords there
    Column("source", String(64), nullable=False),  # the address it came from, or the device we know
    Column("at", Moment, nullable=False),
    Index("ix_sign_in_failure_source", "source", "at"),  # how many came from there of late
    Index("ix_sign_in_failure_name", "name_hash", "at"),  # how many for this name, from devices that we do not know
)

audit = Table(
    "audit",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("who", String(120), nullable=False),  # the name of a staff member, of a key, or of the terminal's user
    Column("role", String(16), nullable=False),  # that they had then; "terminal"
    Column("what", String(60), nullable=False),  # e.g. pause.put
    Column("about", String(320), nullable=False),  # kind and id, e.g. customer:0199…; empty for the whole system
    Column("said", Text, nullable=False),  # one sentence; no contact points, no words of customers
    Index("ix_audit_at", "at", "id"),  # audit.page: newest first
    Index("ix_audit_who", "who", "at"),
    Index("ix_audit_about", "about", "at"),
)  # append-only: triggers of migration 0003 refuse changes and removals
