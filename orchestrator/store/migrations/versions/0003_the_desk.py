"""The desk in the browser: people who sign in, what they changed, calls that can be undone, promises, and customers who are forgotten."""

from __future__ import annotations

import secrets
from datetime import timedelta

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from orchestrator.store.migrations.checks import put_checks

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
BATCH = 5000  # rows that are read and changed at once
CHECKS = (
    (
        "touch",
        "state",
        "state IN ('calling', 'cancelled', 'done', 'expired', 'failed', 'filed', 'in_call', 'planned', 'ready', 'sending', 'sent', "
        "'skipped', 'unknown')",
    ),
    ("touch", "call_states", "state NOT IN ('ready', 'in_call', 'filed') OR channel = 'call'"),
    ("touch", "ready_has_rank", "state <> 'ready' OR rank_at IS NOT NULL"),
    ("touch", "offered_to_somebody", "offered_until IS NULL OR offered_to IS NOT NULL"),
    ("touch", "lease", "(state IN ('sending', 'in_call', 'filed', 'calling')) = (lease_until IS NOT NULL)"),
    ("touch", "one_owner", "state NOT IN ('in_call', 'filed') OR held_by IS NOT NULL"),
    ("touch", "filed_has_disposition", "state <> 'filed' OR disposition IS NOT NULL"),
    ("touch", "effect", "state NOT IN ('sending', 'in_call', 'filed', 'calling', 'sent', 'unknown') OR effect_at IS NOT NULL"),
    (
        "touch",
        "finished",
        "(finished_at IS NULL) = (state IN ('calling', 'filed', 'in_call', 'planned', 'ready', 'sending', 'unknown'))",
    ),
    ("pause", "scope", "scope IN ('all', 'channel', 'customer', 'playbook', 'queue')"),
    ("api_key", "role", "role IS NULL OR role IN ('admin', 'agent', 'auditor', 'author', 'lead')"),
)
NEW = {("touch", "ready_has_rank"), ("touch", "filed_has_disposition"), ("touch", "offered_to_somebody"), ("api_key", "role")}
OPEN = "state IN ('calling', 'filed', 'in_call', 'planned', 'ready', 'sending', 'unknown')"


def upgrade() -> None:
    _new_tables()
    with op.batch_alter_table("touch", schema=None) as batch_op:
        batch_op.add_column(sa.Column("rank_at", MOMENT, nullable=True))
        batch_op.add_column(sa.Column("skill", sa.String(length=80), nullable=True))
        batch_op.add_column(sa.Column("language", sa.String(length=8), nullable=True))
        batch_op.add_column(sa.Column("offered_to", sa.String(length=120), nullable=True))
        batch_op.add_column(sa.Column("offered_until", MOMENT, nullable=True))
    _give_calls_their_places()
    op.drop_index("ix_touch_ready", "touch")
    ready = sa.text("state = 'ready'")
    op.create_index(
        "ix_touch_ready", "touch", ["queue", "rank_at", "id"],
        postgresql_include=["due_at", "expires_at"], postgresql_where=ready, sqlite_where=ready,
    )  # fmt: skip
    op.create_index("ix_touch_ready_expires", "touch", ["expires_at"], postgresql_where=ready, sqlite_where=ready)
    op.create_index("ix_touch_ready_escalates", "touch", ["escalate_at"], postgresql_where=ready, sqlite_where=ready)
    aside = sa.text("state = 'set_aside'")
    op.create_index("ix_event_aside", "event", ["received_at", "id"], postgresql_where=aside, sqlite_where=aside)
    op.drop_index("ux_touch_open", "touch")
    op.create_index(
        "ux_touch_open", "touch", ["enrollment_id"], unique=True, postgresql_where=sa.text(OPEN), sqlite_where=sa.text(OPEN)
    )
    of_nobody = sa.text("enrollment_id IS NULL AND customer_id IS NOT NULL")
    op.create_index("ix_journal_customer", "journal", ["customer_id", "at"], postgresql_where=of_nobody, sqlite_where=of_nobody)
    with op.batch_alter_table("customer", schema=None) as batch_op:
        batch_op.add_column(sa.Column("name_key", sa.String(length=80), nullable=True))
        batch_op.add_column(sa.Column("family_key", sa.String(length=80), nullable=True))
        batch_op.add_column(sa.Column("erased_at", MOMENT, nullable=True))
    _make_everybody_findable()
    with op.batch_alter_table("suppression", schema=None) as batch_op:
        batch_op.add_column(sa.Column("attempt_id", sa.Uuid(), nullable=True))
    with op.batch_alter_table("api_key", schema=None) as batch_op:
        batch_op.add_column(sa.Column("role", sa.String(length=16), nullable=True))
    put_checks(CHECKS, NEW)
    op.create_index("ix_customer_name", "customer", ["name_key"], postgresql_ops={"name_key": "text_pattern_ops"})
    op.create_index("ix_customer_family", "customer", ["family_key"], postgresql_ops={"family_key": "text_pattern_ops"})
    named = sa.text("customer_id IS NOT NULL")
    op.create_index("ix_event_customer", "event", ["customer_id", "received_at"], postgresql_where=named, sqlite_where=named)
    runs, over = sa.text("ended_at IS NULL"), sa.text("ended_at IS NOT NULL")
    op.create_index("ix_enrollment_standing", "enrollment", ["version_id", "id"], postgresql_where=runs, sqlite_where=runs)
    op.create_index(
        "ix_enrollment_ended", "enrollment", ["ended_at", "playbook", "end_reason"], postgresql_where=over, sqlite_where=over
    )
    made = sa.table("secret", sa.column("name", sa.String), sa.column("value", sa.String))
    op.bulk_insert(made, [{"name": name, "value": secrets.token_urlsafe(48)} for name in ("access", "forgotten")])
    _keep_the_audit()


def _give_calls_their_places() -> None:
    """Calls that wait, and those that somebody has and may put back: their places as core/urgency.py had them at this revision."""
    touch = sa.table(
        "touch", sa.column("id", sa.Uuid), sa.column("state", sa.String), sa.column("priority", sa.Integer), sa.column("due_at", MOMENT),
        sa.column("expires_at", MOMENT), sa.column("rank_at", MOMENT),
    )  # fmt: skip
    columns = (touch.c.id, touch.c.priority, touch.c.due_at, touch.c.expires_at)
    link, last, at = op.get_bind(), None, sa.bindparam("at", type_=MOMENT)
    while True:
        query = sa.select(*columns).where(touch.c.state.in_(("ready", "in_call"))).order_by(touch.c.id).limit(BATCH)
        rows = link.execute(query if last is None else query.where(touch.c.id > last)).all()
        if not rows:
            return
        places = [
            {"key": r.id, "at": (r.expires_at or r.due_at + timedelta(days=2)) + (r.priority - 5) * timedelta(hours=6)}
            for r in rows
        ]
        link.execute(touch.update().where(touch.c.id == sa.bindparam("key")).values(rank_at=at), places)
        last = rows[-1].id


def _make_everybody_findable() -> None:
    """The names in small letters, and their last words: as store/customers.py had them at this revision.

    Not in SQL: SQLite knows only the small letters of English.
    """
    customer = sa.table(
        "customer", sa.column("id", sa.Uuid), sa.column("name", sa.String), sa.column("name_key", sa.String),
        sa.column("family_key", sa.String),
    )  # fmt: skip
    link, last = op.get_bind(), None
    whole, family = sa.bindparam("whole", type_=sa.String), sa.bindparam("family", type_=sa.String)
    while True:
        query = sa.select(customer.c.id, customer.c.name).where(customer.c.name.is_not(None)).order_by(customer.c.id).limit(BATCH)
        rows = link.execute(query if last is None else query.where(customer.c.id > last)).all()
        if not rows:
            return
        named = [(row.id, row.name.lower().split()) for row in rows]
        keys = [{"key": id_, "whole": " ".join(words)[:80], "family": words[-1][:80]} for id_, words in named if words]
        if keys:
            known = customer.update().where(customer.c.id == sa.bindparam("key"))
            link.execute(known.values(name_key=whole, family_key=family), keys)
        last = rows[-1].id


def _keep_the_audit() -> None:
    """Nobody changes or removes what stands in the audit trail, not even this program."""
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_no_{act.lower()} BEFORE {act} ON audit "
                "BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION audit_is_kept() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_kept()"
    )


def _new_tables() -> None:
    op.create_table(
        "staff",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("phone", sa.String(length=32), nullable=True),
        sa.Column("queues", JSON, nullable=False),
        sa.Column("skills", JSON, nullable=False),
        sa.Column("languages", JSON, nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("totp_secret", sa.String(length=64), nullable=True),
        sa.Column("totp_step", BIG, nullable=True),
        sa.Column("oidc_subject", sa.String(length=400), nullable=True),
        sa.Column("on_since", MOMENT, nullable=True),
        sa.Column("seen_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("disabled_at", MOMENT, nullable=True),
        sa.CheckConstraint("role IN ('admin', 'agent', 'auditor', 'author', 'lead')", name=op.f("ck_staff_role")),
        sa.CheckConstraint("disabled_at IS NULL OR on_since IS NULL", name=op.f("ck_staff_nobody_disabled_is_on")),
        sa.CheckConstraint("name = lower(name)", name=op.f("ck_staff_lower_case")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("name", name=op.f("uq_staff_name")),
        sa.UniqueConstraint("oidc_subject", name=op.f("uq_staff_oidc_subject")),
    )
    op.create_table(
        "session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("via", sa.String(length=16), nullable=False),
        sa.Column("device", sa.String(length=200), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.CheckConstraint("via IN ('oidc', 'password', 'terminal')", name=op.f("ck_session_via")),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_session_lasts")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_session_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        sa.UniqueConstraint("hash", name=op.f("uq_session_hash")),
    )
    op.create_index(
        "ix_session_staff",
        "session",
        ["staff_id"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NULL"),
        sqlite_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "invitation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("made_by", sa.String(length=80), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_invitation_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("hash", name=op.f("uq_invitation_hash")),
    )
    op.create_index(
        "ux_invitation_live",
        "invitation",
        ["staff_id"],
        unique=True,
        postgresql_where=sa.text("used_at IS NULL"),
        sqlite_where=sa.text("used_at IS NULL"),
    )
    op.create_table(
        "sign_in_failure",
        sa.Column("id", BIG, nullable=False),
        sa.Column("name_hash", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_failure")),
    )
    op.create_index("ix_sign_in_failure_name", "sign_in_failure", ["name_hash", "at"], unique=False)
    op.create_index("ix_sign_in_failure_source", "sign_in_failure", ["source", "at"], unique=False)
    op.create_table(
        "audit",
        sa.Column("id", BIG, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("who", sa.String(length=120), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("what", sa.String(length=60), nullable=False),
        sa.Column("about", sa.String(length=320), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_about", "audit", ["about", "at"], unique=False)
    op.create_index("ix_audit_at", "audit", ["at", "id"], unique=False)
    op.create_index("ix_audit_who", "audit", ["who", "at"], unique=False)
    op.create_table(
        "call_sheet",
        sa.Column("attempt_id", sa.Uuid(), nullable=False),
        sa.Column("touch_id", sa.Uuid(), nullable=False),
        sa.Column("who", sa.String(length=120), nullable=False),
        sa.Column("queue", sa.String(length=80), nullable=True),
        sa.Column("phase", sa.String(length=12), nullable=False),
        sa.Column("dialled_by", sa.String(length=8), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("answers", JSON, nullable=False),
        sa.Column("promised_for", JSON, nullable=False),
        sa.Column("sentiment", sa.String(length=8), nullable=True),
        sa.Column("disposition", sa.String(length=40), nullable=True),
        sa.Column("call_back_at", MOMENT, nullable=True),
        sa.Column("call_back_by", sa.String(length=8), nullable=True),
        sa.Column("scope", sa.String(length=16), nullable=True),
        sa.Column("began_at", MOMENT, nullable=False),
        sa.Column("dialled_at", MOMENT, nullable=True),
        sa.Column("dials", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("earlier_lines", JSON, nullable=False, server_default=sa.text("'[]'")),
        sa.Column("talked_from", MOMENT, nullable=True),
        sa.Column("wrap_up_from", MOMENT, nullable=True),
        sa.Column("filed_at", MOMENT, nullable=True),
        sa.Column("undone", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(phase = 'filed') = (filed_at IS NOT NULL AND disposition IS NOT NULL)",
            name=op.f("ck_call_sheet_filed_has_disposition"),
        ),
        sa.CheckConstraint("call_back_by IS NULL OR call_back_by IN ('anyone', 'me')", name=op.f("ck_call_sheet_call_back_by")),
        sa.CheckConstraint("dialled_by IS NULL OR dialled_by IN ('bridge', 'hand')", name=op.f("ck_call_sheet_dialled_by")),
        sa.CheckConstraint(
            "phase IN ('dialling', 'filed', 'left', 'reading', 'ringing', 'talking', 'wrap_up')", name=op.f("ck_call_sheet_phase")
        ),
        sa.CheckConstraint(
            "scope IS NULL OR scope IN ('all', 'call', 'email', 'text', 'voice', 'voicemail')", name=op.f("ck_call_sheet_scope")
        ),
        sa.CheckConstraint("sentiment IS NULL OR sentiment IN ('bad', 'good', 'neutral')", name=op.f("ck_call_sheet_sentiment")),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name=op.f("fk_call_sheet_attempt_id")),
        sa.ForeignKeyConstraint(["touch_id"], ["touch.id"], name=op.f("fk_call_sheet_touch_id")),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("pk_call_sheet")),
    )
    op.create_index("ix_call_sheet_touch", "call_sheet", ["touch_id"], unique=False)
    op.create_index("ix_call_sheet_day", "call_sheet", ["began_at"], unique=False)
    op.create_index("ix_call_sheet_who", "call_sheet", ["who", "began_at"], unique=False)
    op.create_table(
        "promise",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("enrollment_id", sa.Uuid(), nullable=True),
        sa.Column("attempt_id", sa.Uuid(), nullable=False),
        sa.Column("question", sa.String(length=80), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("owner", sa.String(length=120), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("kept_at", MOMENT, nullable=True),
        sa.Column("dropped_at", MOMENT, nullable=True),
        sa.CheckConstraint("kept_at IS NULL OR dropped_at IS NULL", name=op.f("ck_promise_one_end")),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name=op.f("fk_promise_attempt_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_promise_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promise")),
        sa.UniqueConstraint("attempt_id", "question", name=op.f("uq_promise_attempt_id_question")),
    )
    op.create_index("ix_promise_customer", "promise", ["customer_id"], unique=False)
    op.create_index(
        "ix_promise_owner",
        "promise",
        ["owner", "due_at"],
        unique=False,
        postgresql_where=sa.text("kept_at IS NULL AND dropped_at IS NULL"),
        sqlite_where=sa.text("kept_at IS NULL AND dropped_at IS NULL"),
    )
    op.create_table(
        "forgotten",
        sa.Column("id", BIG, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.CheckConstraint(
            "channel IN ('all', 'call', 'email', 'text', 'voice', 'voicemail')", name=op.f("ck_forgotten_channel")
        ),
        sa.CheckConstraint("kind IN ('email', 'phone', 'ref')", name=op.f("ck_forgotten_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forgotten")),
        sa.UniqueConstraint("kind", "digest", "channel", name=op.f("uq_forgotten_kind_digest_channel")),
    )


def downgrade() -> None:
    raise NotImplementedError("there is no way back from the desk: restore the backup made before the upgrade")
