"""Tables of the authors: the versions of playbooks, and what publishing a whole folder leaves as people have set it."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, Index, Integer, String, Table, Text, UniqueConstraint, Uuid, text

from orchestrator.store.columns import Json, Moment, metadata, one_of

playbook_version = Table(
    "playbook_version",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("playbook", String(80), nullable=False),
    Column("number", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("document", Json, nullable=False),  # everything the version says, words included
    Column("listens", Json, nullable=False),  # system events that it starts, stops or waits on
    Column("current", Boolean, nullable=False),
    Column("published_at", Moment, nullable=False),
    Column("published_by", Text, nullable=False),
    # Beside the current one: it takes no enrollment. proposed: waits for another person; shadow: decides, and contacts nobody
    Column("beside", String(8)),
    Column("beside_since", Moment),
    Column("approved_by", Text),  # the second pair of eyes, where one was needed
    Column("used_since", Moment),  # when it last became current; empty: it never was, and nobody may be put into it
    UniqueConstraint("playbook", "number"),
    CheckConstraint(f"beside IS NULL OR {one_of('beside', {'proposed', 'shadow'})}", name="beside"),
    CheckConstraint("beside IS NULL OR NOT current", name="beside_is_not_current"),
    CheckConstraint("(beside IS NULL) = (beside_since IS NULL)", name="beside_has_moment"),
    CheckConstraint("approved_by IS NULL OR lower(approved_by) <> lower(published_by)", name="second_pair_of_eyes"),
    # versions.current: asked for every batch of events; at most one version takes new enrollments
    Index(
        "ux_playbook_version_current", "playbook", unique=True,
        postgresql_where=text("current"), sqlite_where=text("current"),
    ),
    # versions.beside: at most one proposal and one shadow of a playbook
    Index(
        "ux_playbook_version_beside", "beside", "playbook", unique=True,
        postgresql_where=text("beside IS NOT NULL"), sqlite_where=text("beside IS NOT NULL"),
    ),
)  # fmt: skip

withheld = Table(
    "withheld",
    metadata,
    Column("playbook", String(80), primary_key=True),
    Column("what", String(8), nullable=False),  # retired: until it is named again; restored: until its file says something new
    Column("hash", String(64)),  # restored: the content that was replaced, which the file may still have
    Column("at", Moment, nullable=False),
    Column("by", Text, nullable=False),
    CheckConstraint(one_of("what", {"retired", "restored"}), name="what"),
    CheckConstraint("(what = 'restored') = (hash IS NOT NULL)", name="restored_has_hash"),
)
