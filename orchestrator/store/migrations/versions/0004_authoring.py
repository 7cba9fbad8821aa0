"""Versions beside the current one: proposals that wait for another person, shadows that contact nobody; and what people took back.

Backtests and comparisons go through past events in the order received: an index for them. Before an e-mail counts as lost,
its provider must have been heard, and nothing else may be missing: two more.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from orchestrator.store.migrations.checks import put_checks

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
CHECKS = (
    ("playbook_version", "beside", "beside IS NULL OR beside IN ('proposed', 'shadow')"),
    ("playbook_version", "beside_is_not_current", "beside IS NULL OR NOT current"),
    ("playbook_version", "beside_has_moment", "(beside IS NULL) = (beside_since IS NULL)"),
    ("playbook_version", "second_pair_of_eyes", "approved_by IS NULL OR lower(approved_by) <> lower(published_by)"),
)


def upgrade() -> None:
    with op.batch_alter_table("playbook_version", schema=None) as batch_op:
        batch_op.add_column(sa.Column("beside", sa.String(length=8), nullable=True))
        batch_op.add_column(sa.Column("beside_since", MOMENT, nullable=True))
        batch_op.add_column(sa.Column("approved_by", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("used_since", MOMENT, nullable=True))
    op.execute("UPDATE playbook_version SET used_since = published_at")  # until now whatever was published was current at once
    put_checks(CHECKS, {(table, name) for table, name, _ in CHECKS})
    aside = sa.text("beside IS NOT NULL")
    op.create_index(
        "ux_playbook_version_beside", "playbook_version", ["beside", "playbook"], unique=True,
        postgresql_where=aside, sqlite_where=aside,
    )  # fmt: skip
    op.create_index("ix_event_received", "event", ["received_at", "id"])
    op.create_index("ix_inbox_heard", "inbox", ["provider", "received_at"])
    silent = sa.text("outcome = 'accepted' AND carrier_result IS NULL AND via <> 'desk'")
    op.create_index("ix_attempt_unreported", "attempt", ["via", "began_at"], postgresql_where=silent, sqlite_where=silent)
    op.create_table(
        "withheld",
        sa.Column("playbook", sa.String(length=80), nullable=False),
        sa.Column("what", sa.String(length=8), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.CheckConstraint("what IN ('restored', 'retired')", name=op.f("ck_withheld_what")),
        sa.CheckConstraint("(what = 'restored') = (hash IS NOT NULL)", name=op.f("ck_withheld_restored_has_hash")),
        sa.PrimaryKeyConstraint("playbook", name=op.f("pk_withheld")),
    )
    _remember_what_was_asked_for()


def _remember_what_was_asked_for() -> None:
    """That a customer asked for the time of a call was only in its sentence until now."""
    touch = sa.table("touch", sa.column("id", sa.Uuid()), sa.column("why"), sa.column("state"), sa.column("memory", JSON))
    asked = touch.c.why.like("%: the customer asked for this time%") & touch.c.state.in_(("planned", "ready", "in_call", "filed"))
    link = op.get_bind()
    for row in link.execute(sa.select(touch.c.id, touch.c.memory).where(asked)).all():
        link.execute(sa.update(touch).where(touch.c.id == row.id).values(memory={**row.memory, "asked for:": 1}))


def downgrade() -> None:
    raise NotImplementedError("there is no way back from proposals and shadows: restore the backup made before the upgrade")
