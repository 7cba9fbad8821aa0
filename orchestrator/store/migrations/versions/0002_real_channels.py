"""Real channels: what providers report, what customers say, how fast senders may go; automatic calls have a state of their own."""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from orchestrator.store.migrations.checks import put_checks

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# table, name, the new condition
CHECKS = (
    ("suppression", "channel", "channel IN ('all', 'call', 'email', 'text', 'voice', 'voicemail')"),
    ("enrollment", "hold_has_reason", "(held_at IS NULL) = (held_why IS NULL)"),
    ("touch", "state", "state IN ('calling', 'cancelled', 'done', 'expired', 'failed', 'in_call', 'planned', 'ready', 'sending', 'sent', "
     "'skipped', 'unknown')"),
    ("touch", "channel", "channel IS NULL OR channel IN ('call', 'email', 'text', 'voice', 'voicemail')"),
    ("touch", "calling_is_automatic", "state <> 'calling' OR channel IN ('voice', 'voicemail')"),
    ("touch", "lease", "(state IN ('sending', 'in_call', 'calling')) = (lease_until IS NOT NULL)"),
    ("touch", "effect", "state NOT IN ('sending', 'in_call', 'calling', 'sent', 'unknown') OR effect_at IS NOT NULL"),
    ("touch", "finished", "(finished_at IS NULL) = (state IN ('calling', 'in_call', 'planned', 'ready', 'sending', 'unknown'))"),
    (
        "attempt", "carrier_result",
        "carrier_result IS NULL OR carrier_result IN ('answered', 'busy', 'canceled', 'completed', 'deferred', 'delivered', "
        "'failed', 'no_answer', 'queued', 'ringing', 'sent', 'undelivered')",
    ),
)  # fmt: skip
OPEN = "state IN ('calling', 'in_call', 'planned', 'ready', 'sending', 'unknown')"
NEW = {("enrollment", "hold_has_reason"), ("touch", "calling_is_automatic"), ("attempt", "carrier_result")}


def upgrade() -> None:
    op.create_table(
        "inbox",
        sa.Column("id", BIG, nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("handle", sa.Uuid(), nullable=True),
        sa.Column("ref", sa.String(length=200), nullable=True),
        sa.Column("body", JSON, nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("again_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("(state = 'waiting') = (again_at IS NOT NULL)", name=op.f("ck_inbox_waiting_has_moment")),
        sa.CheckConstraint("state IN ('handled', 'set_aside', 'waiting')", name=op.f("ck_inbox_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox")),
        sa.UniqueConstraint("provider", "key", name=op.f("uq_inbox_provider_key")),
    )
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.create_index(
            "ix_inbox_waiting",
            ["again_at", "id"],
            unique=False,
            postgresql_where=sa.text("state = 'waiting'"),
            sqlite_where=sa.text("state = 'waiting'"),
        )

    op.create_index(
        "ix_inbox_handle",
        "inbox",
        ["handle"],
        postgresql_where=sa.text("state <> 'handled'"),
        sqlite_where=sa.text("state <> 'handled'"),
    )
    op.create_table(
        "secret",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_secret")),
    )
    op.create_table(
        "sender",
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("free_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_code", sa.String(length=40), nullable=True),
        sa.Column("held_why", sa.Text(), nullable=True),
        sa.Column("held_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_by_report", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_sender")),
    )
    op.create_table(
        "dead_contact",
        sa.Column("id", BIG, nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('email', 'phone')", name=op.f("ck_dead_contact_kind")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_dead_contact_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_contact")),
        sa.UniqueConstraint("customer_id", "kind", "value", name=op.f("uq_dead_contact_customer_id_kind_value")),
    )
    op.create_table(
        "reply",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("enrollment_id", sa.Uuid(), nullable=True),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("came_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("provider_ref", sa.String(length=200), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_by", sa.String(length=120), nullable=True),
        sa.Column("verdict", sa.String(length=16), nullable=True),
        sa.CheckConstraint("channel IN ('call', 'email', 'text')", name=op.f("ck_reply_channel")),
        sa.CheckConstraint("kind IN ('asked_for_call', 'maybe_stop', 'missed_call', 'reply')", name=op.f("ck_reply_kind")),
        sa.CheckConstraint("verdict IS NULL OR verdict IN ('end', 'go_on', 'stop')", name=op.f("ck_reply_verdict")),
        sa.CheckConstraint(
            "(read_at IS NULL) = (verdict IS NULL) AND (read_at IS NULL) = (read_by IS NULL)",
            name=op.f("ck_reply_read_has_verdict"),
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_reply_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reply")),
    )
    with op.batch_alter_table("reply", schema=None) as batch_op:
        batch_op.create_index("ix_reply_customer", ["customer_id"], unique=False)
        batch_op.create_index(
            "ix_reply_open",
            ["came_at", "id"],
            unique=False,
            postgresql_where=sa.text("read_at IS NULL"),
            sqlite_where=sa.text("read_at IS NULL"),
        )

    op.create_table(
        "survey_answer",
        sa.Column("attempt_id", sa.Uuid(), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=False),
        sa.Column("scale_most", sa.Integer(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("rating >= 0 AND rating <= scale_most", name=op.f("ck_survey_answer_on_the_scale")),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name=op.f("fk_survey_answer_attempt_id")),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("pk_survey_answer")),
    )
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.add_column(sa.Column("recipient", sa.String(length=320), nullable=True))
        batch_op.add_column(sa.Column("fingerprint", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("not_after", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("speech", JSON, nullable=True))
        batch_op.add_column(sa.Column("carrier_result", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("carrier_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("carrier_code", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("answered_by", sa.String(length=24), nullable=True))
        batch_op.add_column(sa.Column("duration_s", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("heard", sa.String(length=8), nullable=True))
        batch_op.add_column(sa.Column("pressed", sa.String(length=12), nullable=True))

    with op.batch_alter_table("customer", schema=None) as batch_op:
        batch_op.create_index(
            "ix_customer_email",
            ["email"],
            unique=False,
            postgresql_where=sa.text("email IS NOT NULL"),
            sqlite_where=sa.text("email IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_customer_phone",
            ["phone"],
            unique=False,
            postgresql_where=sa.text("phone IS NOT NULL"),
            sqlite_where=sa.text("phone IS NOT NULL"),
        )

    with op.batch_alter_table("enrollment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("held_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("held_why", sa.Text(), nullable=True))
    op.drop_index("ux_touch_open", "touch")
    op.create_index(
        "ux_touch_open", "touch", ["enrollment_id"], unique=True, postgresql_where=sa.text(OPEN), sqlite_where=sa.text(OPEN)
    )
    put_checks(CHECKS, NEW)
    made = sa.table("secret", sa.column("name", sa.String), sa.column("value", sa.String))
    op.bulk_insert(made, [{"name": "links", "value": secrets.token_urlsafe(48)}])


def downgrade() -> None:
    raise NotImplementedError("there is no way back from real channels: restore the backup made before the upgrade")
