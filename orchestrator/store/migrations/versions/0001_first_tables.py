"""The first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "api_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("hash", name=op.f("uq_api_key_hash")),
        sa.UniqueConstraint("name", name=op.f("uq_api_key_name")),
    )
    op.create_table(
        "customer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ref", sa.String(length=200), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.String(length=32), nullable=True),
        sa.Column("locale", sa.String(length=32), nullable=True),
        sa.Column("time_zone", sa.String(length=64), nullable=True),
        sa.Column("country", sa.String(length=2), nullable=True),
        sa.Column("zones", JSON, nullable=False),
        sa.Column("hours", sa.Text(), nullable=True),
        sa.Column("consent", JSON, nullable=False),
        sa.Column("extra", JSON, nullable=False),
        sa.Column("told_at", JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
        sa.UniqueConstraint("ref", name=op.f("uq_customer_ref")),
    )
    op.create_table(
        "ingest_mark",
        sa.Column("file_hash", sa.String(length=64), nullable=False),
        sa.Column("rows_done", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("file_hash", name=op.f("pk_ingest_mark")),
    )
    op.create_table(
        "journal",
        sa.Column("id", BIG, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("what", sa.String(length=60), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("enrollment_id", sa.Uuid(), nullable=True),
        sa.Column("touch_id", sa.Uuid(), nullable=True),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
    )
    with op.batch_alter_table("journal", schema=None) as batch_op:
        batch_op.create_index("ix_journal_enrollment", ["enrollment_id"], unique=False)
        batch_op.create_index(
            "ix_journal_subject",
            ["subject"],
            unique=False,
            postgresql_where=sa.text("enrollment_id IS NULL"),
            sqlite_where=sa.text("enrollment_id IS NULL"),
        )

    op.create_table(
        "pause",
        sa.Column("id", BIG, nullable=False),
        sa.Column("scope", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.CheckConstraint("scope IN ('all', 'channel', 'playbook', 'queue')", name=op.f("ck_pause_scope")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pause")),
        sa.UniqueConstraint("scope", "name", name=op.f("uq_pause_scope_name")),
    )
    op.create_table(
        "playbook_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("playbook", sa.String(length=80), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("document", JSON, nullable=False),
        sa.Column("listens", JSON, nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_playbook_version")),
        sa.UniqueConstraint("playbook", "number", name=op.f("uq_playbook_version_playbook_number")),
    )
    with op.batch_alter_table("playbook_version", schema=None) as batch_op:
        batch_op.create_index(
            "ux_playbook_version_current",
            ["playbook"],
            unique=True,
            postgresql_where=sa.text("current"),
            sqlite_where=sa.text("current"),
        )

    op.create_table(
        "event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("type", sa.String(length=120), nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("data", JSON, nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("known", sa.Boolean(), nullable=False),
        sa.Column("backfill", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("said", JSON, nullable=True),
        sa.CheckConstraint(
            "(state = 'set_aside') = (error IS NOT NULL AND tries >= 3)", name=op.f("ck_event_set_aside_has_error")
        ),
        sa.CheckConstraint("state IN ('handled', 'set_aside', 'waiting')", name=op.f("ck_event_state")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_event_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sa.UniqueConstraint("source", "key", name=op.f("uq_event_source_key")),
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index("ix_event_subject", ["subject", "type"], unique=False)
        batch_op.create_index(
            "ix_event_waiting",
            ["received_at"],
            unique=False,
            postgresql_where=sa.text("state = 'waiting'"),
            sqlite_where=sa.text("state = 'waiting'"),
        )

    op.create_table(
        "suppression",
        sa.Column("id", BIG, nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("channel IN ('all', 'call', 'email', 'text', 'voicemail')", name=op.f("ck_suppression_channel")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_suppression_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppression")),
    )
    with op.batch_alter_table("suppression", schema=None) as batch_op:
        batch_op.create_index(
            "ux_suppression_live",
            ["customer_id", "channel"],
            unique=True,
            postgresql_where=sa.text("lifted_at IS NULL"),
            sqlite_where=sa.text("lifted_at IS NULL"),
        )

    op.create_table(
        "enrollment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("playbook", sa.String(length=80), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("anchor", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gives_up_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event_data", JSON, nullable=False),
        sa.Column("answers", JSON, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.String(length=16), nullable=True),
        sa.CheckConstraint(
            "end_reason IS NULL OR end_reason IN ('error', 'exhausted', 'expired', 'goal', 'opted_out', 'stopped', 'superseded')",
            name=op.f("ck_enrollment_end_reason"),
        ),
        sa.CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name=op.f("ck_enrollment_end_has_reason")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_enrollment_customer_id")),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_enrollment_event_id")),
        sa.ForeignKeyConstraint(["version_id"], ["playbook_version.id"], name=op.f("fk_enrollment_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrollment")),
        sa.UniqueConstraint("event_id", "playbook", name=op.f("uq_enrollment_event_id_playbook")),
    )
    with op.batch_alter_table("enrollment", schema=None) as batch_op:
        batch_op.create_index("ix_enrollment_customer", ["customer_id"], unique=False)
        batch_op.create_index("ix_enrollment_subject", ["subject", "playbook"], unique=False)
        batch_op.create_index(
            "ux_enrollment_open",
            ["subject", "playbook"],
            unique=True,
            postgresql_where=sa.text("ended_at IS NULL"),
            sqlite_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "touch",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enrollment_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("touchpoint", sa.String(length=80), nullable=True),
        sa.Column("channel", sa.String(length=16), nullable=True),
        sa.Column("queue", sa.String(length=80), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("memory", JSON, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("escalate_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_by", sa.String(length=120), nullable=True),
        sa.Column("effect_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disposition", sa.String(length=40), nullable=True),
        sa.Column("reason", sa.String(length=80), nullable=True),
        sa.CheckConstraint(
            "(channel IS NOT NULL AND channel = 'call') = (queue IS NOT NULL)", name=op.f("ck_touch_calls_have_a_queue")
        ),
        sa.CheckConstraint(
            "(finished_at IS NULL) = (state IN ('in_call', 'planned', 'ready', 'sending', 'unknown'))",
            name=op.f("ck_touch_finished"),
        ),
        sa.CheckConstraint("(state IN ('sending', 'in_call')) = (lease_until IS NOT NULL)", name=op.f("ck_touch_lease")),
        sa.CheckConstraint(
            "channel IS NOT NULL OR state IN ('planned', 'done', 'cancelled', 'expired')", name=op.f("ck_touch_wait_states")
        ),
        sa.CheckConstraint("channel IS NULL OR channel IN ('call', 'email', 'text', 'voicemail')", name=op.f("ck_touch_channel")),
        sa.CheckConstraint("state <> 'in_call' OR held_by IS NOT NULL", name=op.f("ck_touch_one_owner")),
        sa.CheckConstraint("state <> 'sending' OR channel <> 'call'", name=op.f("ck_touch_sending_is_no_call")),
        sa.CheckConstraint(
            "state IN ('cancelled', 'done', 'expired', 'failed', 'in_call', 'planned', 'ready', 'sending', 'sent', 'skipped', 'unknown')",
            name=op.f("ck_touch_state"),
        ),
        sa.CheckConstraint("state NOT IN ('ready', 'in_call') OR channel = 'call'", name=op.f("ck_touch_call_states")),
        sa.CheckConstraint(
            "state NOT IN ('sending', 'in_call', 'sent', 'unknown') OR effect_at IS NOT NULL", name=op.f("ck_touch_effect")
        ),
        sa.CheckConstraint("(touchpoint IS NULL) = (channel IS NULL)", name=op.f("ck_touch_wait_has_no_channel")),
        sa.CheckConstraint("effect_at IS NULL OR effect_at >= due_at", name=op.f("ck_touch_never_early")),
        sa.ForeignKeyConstraint(["enrollment_id"], ["enrollment.id"], name=op.f("fk_touch_enrollment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_touch")),
        sa.UniqueConstraint("enrollment_id", "ordinal", name=op.f("uq_touch_enrollment_id_ordinal")),
    )
    with op.batch_alter_table("touch", schema=None) as batch_op:
        batch_op.create_index(
            "ix_touch_due",
            ["channel", "due_at", "id"],
            unique=False,
            postgresql_where=sa.text("state = 'planned'"),
            sqlite_where=sa.text("state = 'planned'"),
        )
        batch_op.create_index(
            "ix_touch_effect",
            ["customer_id", "effect_at"],
            unique=False,
            postgresql_where=sa.text("effect_at IS NOT NULL"),
            sqlite_where=sa.text("effect_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_touch_lease",
            ["lease_until"],
            unique=False,
            postgresql_where=sa.text("lease_until IS NOT NULL"),
            sqlite_where=sa.text("lease_until IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_touch_ready",
            ["queue", "priority", "due_at"],
            unique=False,
            postgresql_where=sa.text("state = 'ready'"),
            sqlite_where=sa.text("state = 'ready'"),
        )
        batch_op.create_index(
            "ix_touch_unknown",
            ["effect_at"],
            unique=False,
            postgresql_where=sa.text("state = 'unknown'"),
            sqlite_where=sa.text("state = 'unknown'"),
        )
        batch_op.create_index(
            "ux_touch_in_call",
            ["held_by"],
            unique=True,
            postgresql_where=sa.text("state = 'in_call'"),
            sqlite_where=sa.text("state = 'in_call'"),
        )
        batch_op.create_index(
            "ux_touch_open",
            ["enrollment_id"],
            unique=True,
            postgresql_where=sa.text("state IN ('in_call', 'planned', 'ready', 'sending', 'unknown')"),
            sqlite_where=sa.text("state IN ('in_call', 'planned', 'ready', 'sending', 'unknown')"),
        )

    op.create_table(
        "attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("touch_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("via", sa.String(length=40), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=24), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("provider_ref", sa.String(length=200), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.CheckConstraint("outcome <> 'accepted' OR provider_ref IS NOT NULL", name=op.f("ck_attempt_accepted_has_record")),
        sa.CheckConstraint(
            "outcome IS NULL OR outcome IN ('absent', 'accepted', 'rejected_permanent', 'rejected_safe', 'unknown')",
            name=op.f("ck_attempt_outcome"),
        ),
        sa.CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name=op.f("ck_attempt_outcome_has_moment")),
        sa.ForeignKeyConstraint(["touch_id"], ["touch.id"], name=op.f("fk_attempt_touch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
        sa.UniqueConstraint("touch_id", "number", name=op.f("uq_attempt_touch_id_number")),
    )
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.create_index(
            "ux_attempt_open",
            ["touch_id"],
            unique=True,
            postgresql_where=sa.text("outcome IS NULL OR outcome = 'unknown'"),
            sqlite_where=sa.text("outcome IS NULL OR outcome = 'unknown'"),
        )


def downgrade() -> None:
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.drop_index(
            "ux_attempt_open",
            postgresql_where=sa.text("outcome IS NULL OR outcome = 'unknown'"),
            sqlite_where=sa.text("outcome IS NULL OR outcome = 'unknown'"),
        )

    op.drop_table("attempt")
    with op.batch_alter_table("touch", schema=None) as batch_op:
        batch_op.drop_index(
            "ux_touch_open",
            postgresql_where=sa.text("state IN ('in_call', 'planned', 'ready', 'sending', 'unknown')"),
            sqlite_where=sa.text("state IN ('in_call', 'planned', 'ready', 'sending', 'unknown')"),
        )
        batch_op.drop_index(
            "ux_touch_in_call", postgresql_where=sa.text("state = 'in_call'"), sqlite_where=sa.text("state = 'in_call'")
        )
        batch_op.drop_index(
            "ix_touch_unknown", postgresql_where=sa.text("state = 'unknown'"), sqlite_where=sa.text("state = 'unknown'")
        )
        batch_op.drop_index(
            "ix_touch_ready", postgresql_where=sa.text("state = 'ready'"), sqlite_where=sa.text("state = 'ready'")
        )
        batch_op.drop_index(
            "ix_touch_lease", postgresql_where=sa.text("lease_until IS NOT NULL"), sqlite_where=sa.text("lease_until IS NOT NULL")
        )
        batch_op.drop_index(
            "ix_touch_effect", postgresql_where=sa.text("effect_at IS NOT NULL"), sqlite_where=sa.text("effect_at IS NOT NULL")
        )
        batch_op.drop_index(
            "ix_touch_due", postgresql_where=sa.text("state = 'planned'"), sqlite_where=sa.text("state = 'planned'")
        )

    op.drop_table("touch")
    with op.batch_alter_table("enrollment", schema=None) as batch_op:
        batch_op.drop_index(
            "ux_enrollment_open", postgresql_where=sa.text("ended_at IS NULL"), sqlite_where=sa.text("ended_at IS NULL")
        )
        batch_op.drop_index("ix_enrollment_subject")
        batch_op.drop_index("ix_enrollment_customer")

    op.drop_table("enrollment")
    with op.batch_alter_table("suppression", schema=None) as batch_op:
        batch_op.drop_index(
            "ux_suppression_live", postgresql_where=sa.text("lifted_at IS NULL"), sqlite_where=sa.text("lifted_at IS NULL")
        )

    op.drop_table("suppression")
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_event_waiting", postgresql_where=sa.text("state = 'waiting'"), sqlite_where=sa.text("state = 'waiting'")
        )
        batch_op.drop_index("ix_event_subject")

    op.drop_table("event")
    with op.batch_alter_table("playbook_version", schema=None) as batch_op:
        batch_op.drop_index("ux_playbook_version_current", postgresql_where=sa.text("current"), sqlite_where=sa.text("current"))

    op.drop_table("playbook_version")
    op.drop_table("pause")
    with op.batch_alter_table("journal", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_journal_subject", postgresql_where=sa.text("enrollment_id IS NULL"), sqlite_where=sa.text("enrollment_id IS NULL")
        )
        batch_op.drop_index("ix_journal_enrollment")

    op.drop_table("journal")
    op.drop_table("ingest_mark")
    op.drop_table("customer")
    op.drop_table("api_key")
