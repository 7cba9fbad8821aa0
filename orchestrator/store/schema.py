"""The tables: one schema for SQLite and PostgreSQL. A rule that must always hold is a constraint here.

Every index names the query it serves. Moments are aware UTC. JSON columns hold what nobody filters by.
Those that deal with the outside are in outside.py, the people who work with the system in access_tables.py, the desk in desk_tables.py.
"""

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

from orchestrator.core.model import OPEN_STATES, EndReason, TouchState
from orchestrator.core.receipts import Result
from orchestrator.core.roles import Role
from orchestrator.store.access_tables import audit as audit
from orchestrator.store.access_tables import invitation as invitation
from orchestrator.store.access_tables import session as session
from orchestrator.store.access_tables import sign_in_failure as sign_in_failure
from orchestrator.store.access_tables import staff as staff
from orchestrator.store.authoring_tables import playbook_version as playbook_version
from orchestrator.store.authoring_tables import withheld as withheld
from orchestrator.store.columns import BigId, Json, one_of
from orchestrator.store.columns import Moment as Moment
from orchestrator.store.columns import UtcDateTime as UtcDateTime
from orchestrator.store.columns import metadata as metadata
from orchestrator.store.desk_tables import call_sheet as call_sheet
from orchestrator.store.desk_tables import forgotten as forgotten
from orchestrator.store.desk_tables import promise as promise
from orchestrator.store.outside import inbox as inbox
from orchestrator.store.outside import reply as reply
from orchestrator.store.outside import secret as secret
from orchestrator.store.outside import sender as sender
from orchestrator.store.outside import survey_answer as survey_answer

OPEN_SQL = one_of("state", OPEN_STATES)
READY = text("state = 'ready'")
# Of attempts. Staff's calls have no reports.
UNREPORTED = text("outcome = 'accepted' AND carrier_result IS NULL AND via <> 'desk'")
_RUNS, _OVER = "ended_at IS NULL", "ended_at IS NOT NULL"  # of enrollments

customer = Table(
    "customer",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("ref", String(200), nullable=False, unique=True),  # the business's own id
    Column("name", Text),
    Column("email", Text),
    Column("phone", String(32)),  # E.164
    Column("locale", String(32)),
    Column("time_zone", String(64)),
    Column("country", String(2)),
    Column("zones", Json, nullable=False),  # every zone they may be in; core/zones.py
    Column("hours", Text),  # the customer's wish
    Column("consent", Json, nullable=False),  # channel -> none | service | marketing
    Column("extra", Json, nullable=False),
    Column("told_at", Json, nullable=False),  # field -> newest event time that set it: newest wins, field by field
    Column("created_at", Moment, nullable=False),
    Column("name_key", String(80)),  # the beginning of the name in small letters, for the search; set with the name
    Column("family_key", String(80)),  # the same of its last word
    Column("erased_at", Moment),  # their content and contact points are gone; the skeleton stays
    # customers.reached_at: whose number or address an incoming text, call or bounce is about
    # finding.named: the beginning of a name or of a family name, as somebody types it into the search
    Index("ix_customer_name", "name_key", postgresql_ops={"name_key": "text_pattern_ops"}),
    Index("ix_customer_family", "family_key", postgresql_ops={"family_key": "text_pattern_ops"}),
    Index("ix_customer_phone", "phone", postgresql_where=text("phone IS NOT NULL"), sqlite_where=text("phone IS NOT NULL")),
    Index("ix_customer_email", "email", postgresql_where=text("email IS NOT NULL"), sqlite_where=text("email IS NOT NULL")),
)

dead_contact = Table(
    "dead_contact",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("customer_id", Uuid, ForeignKey("customer.id"), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("value", Text, nullable=False),  # the number or address that is nobody's, or somebody else's
    Column("since", Moment, nullable=False),
    Column("why", Text, nullable=False),
    CheckConstraint(one_of("kind", {"email", "phone"}), name="kind"),
    UniqueConstraint("customer_id", "kind", "value"),  # customers.merge: an event that repeats it does not bring it back
)

suppression = Table(
    "suppression",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("customer_id", Uuid, ForeignKey("customer.id"), nullable=False),
    Column("channel", String(16), nullable=False),  # email | text | call | voicemail | all
    Column("since", Moment, nullable=False),
    Column("why", Text, nullable=False),
    Column("lifted_at", Moment),
    Column("attempt_id", Uuid),  # the call on which it was asked for, as long as its ending can be undone
    CheckConstraint(one_of("channel", {"email", "text", "call", "voice", "voicemail", "all"}), name="channel"),
    # suppressions.of: asked for every batch that is judged; and one live entry for each channel
    Index(
        "ux_suppression_live", "customer_id", "channel", unique=True,
        postgresql_where=text("lifted_at IS NULL"), sqlite_where=text("lifted_at IS NULL"),
    ),
)  # fmt: skip

event = Table(
    "event",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("source", String(200), nullable=False),
    Column("key", String(200), nullable=False),  # the sender's id
    Column("type", String(120), nullable=False),
    Column("subject", String(300), nullable=False),
    Column("occurred_at", Moment, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("customer_id", Uuid, ForeignKey("customer.id")),
    Column("data", Json, nullable=False),
    Column("body_hash", String(64), nullable=False),  # sha256 of the canonical body: same id, other body is refused
    Column("known", Boolean, nullable=False),  # declared in lifecycle.yaml when it came
    Column("backfill", Boolean, nullable=False),
    Column("state", String(16), nullable=False),  # waiting: accepted, not yet handled
    Column("tries", Integer, nullable=False),
    Column("error", Text),
    Column("said", Json),  # customer part of a waiting event, as it came
    UniqueConstraint("source", "key"),
    CheckConstraint(one_of("state", {"waiting", "handled", "set_aside"}), name="state"),
    CheckConstraint("(state = 'set_aside') = (error IS NOT NULL AND tries >= 3)", name="set_aside_has_error"),
    Index("ix_event_subject", "subject", "type"),  # events.seen: was it stopped before it started; waits
    # person.events_of: everything about one customer; erasing it
    Index(
        "ix_event_customer", "customer_id", "received_at",
        postgresql_where=text("customer_id IS NOT NULL"), sqlite_where=text("customer_id IS NOT NULL"),
    ),
    # history_events.received: backtests, chunk by chunk; shadows.newest_since and .endings: what came in since a shadow began
    Index("ix_event_received", "received_at", "id"),
    # board.needs: how many wait for a person
    Index(
        "ix_event_aside", "received_at", "id",
        postgresql_where=text("state = 'set_aside'"), sqlite_where=text("state = 'set_aside'"),
    ),
    # events.waiting: every two seconds, and after an error
    Index(
        "ix_event_waiting", "received_at",
        postgresql_where=text("state = 'waiting'"), sqlite_where=text("state = 'waiting'"),
    ),
)  # fmt: skip

enrollment = Table(
    "enrollment",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("playbook", String(80), nullable=False),
    Column("version_id", Uuid, ForeignKey("playbook_version.id"), nullable=False),
    Column("subject", String(300), nullable=False),
    Column("customer_id", Uuid, ForeignKey("customer.id"), nullable=False),
    Column("event_id", Uuid, ForeignKey("event.id"), nullable=False),  # that started it
    Column("anchor", Moment, nullable=False),  # when that event occurred
    Column("gives_up_at", Moment, nullable=False),
    Column("event_data", Json, nullable=False),
    Column("answers", Json, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("end_reason", String(16)),
    Column("held_at", Moment),  # the customer answered: nothing goes out until a person has read it
    Column("held_why", Text),
    UniqueConstraint("event_id", "playbook"),  # the same event never enrolls twice
    CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name="end_has_reason"),
    CheckConstraint("(held_at IS NULL) = (held_why IS NULL)", name="hold_has_reason"),
    CheckConstraint(f"end_reason IS NULL OR {one_of('end_reason', EndReason)}", name="end_reason"),
    # enrollments.open_for: stops and waits of a batch of events; and one open run for each subject and playbook
    Index(
        "ux_enrollment_open", "subject", "playbook", unique=True,
        postgresql_where=text("ended_at IS NULL"), sqlite_where=text("ended_at IS NULL"),
    ),
    Index("ix_enrollment_subject", "subject", "playbook"),  # enrollments.earlier: re-entry; the timeline
    Index("ix_enrollment_customer", "customer_id"),  # suppressions: every open run of a customer
    # standing.inside: who is in a version now, page by page
    Index("ix_enrollment_standing", "version_id", "id", postgresql_where=text(_RUNS), sqlite_where=text(_RUNS)),
    # standing.ended: how the enrollments of the last weeks ended
    Index("ix_enrollment_ended", "ended_at", "playbook", "end_reason", postgresql_where=text(_OVER), sqlite_where=text(_OVER)),
)  # fmt: skip

touch = Table(
    "touch",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("enrollment_id", Uuid, ForeignKey("enrollment.id"), nullable=False),
    Column("customer_id", Uuid, nullable=False),  # the enrollment's, beside the touch for caps; its foreign key is there
    Column("ordinal", Integer, nullable=False),
    Column("step", Text, nullable=False),
    Column("touchpoint", String(80)),  # null: a wait
    Column("channel", String(16)),
    Column("queue", String(80)),
    Column("priority", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("memory", Json, nullable=False),
    Column("state", String(16), nullable=False),
    Column("planned_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),  # earliest moment; policies may move it later
    Column("expires_at", Moment),
    Column("escalate_at", Moment),
    Column("why", Text, nullable=False),
    Column("epoch", Integer, nullable=False),  # grows with every claim: a stale owner's write changes nothing
    Column("lease_until", Moment),
    Column("held_by", String(120)),
    Column("rank_at", Moment),  # ready: its place in the queue, earliest first; core/urgency.py
    Column("skill", String(80)),  # calls: only for people who have it
    Column("language", String(8)),  # calls: only for people who speak it
    Column("offered_to", String(120)),  # calls: this person first …
    Column("offered_until", Moment),  # … until then; null: for nobody else
    Column("effect_at", Moment),  # when the attempt began that took, or may have taken, effect
    Column("finished_at", Moment),
    Column("disposition", String(40)),
    Column("reason", String(80)),
    UniqueConstraint("enrollment_id", "ordinal"),
    CheckConstraint(one_of("state", TouchState), name="state"),
    CheckConstraint("(touchpoint IS NULL) = (channel IS NULL)", name="wait_has_no_channel"),
    CheckConstraint(
        f"channel IS NULL OR {one_of('channel', {'email', 'text', 'call', 'voice', 'voicemail'})}", name="channel"
    ),
    CheckConstraint("channel IS NOT NULL OR state IN ('planned', 'done', 'cancelled', 'expired')", name="wait_states"),
    CheckConstraint("(channel IS NOT NULL AND channel = 'call') = (queue IS NOT NULL)", name="calls_have_a_queue"),
    CheckConstraint("state NOT IN ('ready', 'in_call', 'filed') OR channel = 'call'", name="call_states"),
    CheckConstraint("state <> 'ready' OR rank_at IS NOT NULL", name="ready_has_rank"),
    CheckConstraint("offered_until IS NULL OR offered_to IS NOT NULL", name="offered_to_somebody"),
    CheckConstraint("state <> 'sending' OR channel <> 'call'", name="sending_is_no_call"),
    CheckConstraint("state <> 'calling' OR channel IN ('voice', 'voicemail')", name="calling_is_automatic"),
    CheckConstraint("(state IN ('sending', 'in_call', 'filed', 'calling')) = (lease_until IS NOT NULL)", name="lease"),
    CheckConstraint("state NOT IN ('in_call', 'filed') OR held_by IS NOT NULL", name="one_owner"),
    CheckConstraint("state <> 'filed' OR disposition IS NOT NULL", name="filed_has_disposition"),
    CheckConstraint(
        "state NOT IN ('sending', 'in_call', 'filed', 'calling', 'sent', 'unknown') OR effect_at IS NOT NULL", name="effect"
    ),
    CheckConstraint("effect_at IS NULL OR effect_at >= due_at", name="never_early"),
    CheckConstraint(
        f"(finished_at IS NULL) = ({one_of('state', OPEN_STATES)})", name="finished"
    ),
    # the step an enrollment stands at: never two at once, so never out of order
    Index(
        "ux_touch_open", "enrollment_id", unique=True, postgresql_where=text(OPEN_SQL), sqlite_where=text(OPEN_SQL)
    ),
    # touches.due: every second for each channel; channel first, so that one channel's backlog hides no other's
    Index(
        "ix_touch_due", "channel", "due_at", "id",
        postgresql_where=text("state = 'planned'"), sqlite_where=text("state = 'planned'"),
    ),
    # desk.claim_next and the sweep for calls that nobody took; board.waiting counts all of them from the index alone
    Index(
        "ix_touch_ready", "queue", "rank_at", "id", postgresql_include=["due_at", "expires_at"], postgresql_where=READY, sqlite_where=READY
    ),
    # touches.overdue_ready, every five seconds: what nobody took in time, by either moment
    Index("ix_touch_ready_expires", "expires_at", postgresql_where=READY, sqlite_where=READY),
    Index("ix_touch_ready_escalates", "escalate_at", postgresql_where=READY, sqlite_where=READY),
    # one person, one call: desk.claim_next gives back what they hold already
    Index(
        "ux_touch_in_call", "held_by", unique=True,
        postgresql_where=text("state = 'in_call'"), sqlite_where=text("state = 'in_call'"),
    ),
    # sweep.leases: every five seconds
    Index(
        "ix_touch_lease", "lease_until",
        postgresql_where=text("lease_until IS NOT NULL"), sqlite_where=text("lease_until IS NOT NULL"),
    ),
    # touches.unknown: reconciliation, and the list a person works
    Index(
        "ix_touch_unknown", "effect_at",
        postgresql_where=text("state = 'unknown'"), sqlite_where=text("state = 'unknown'"),
    ),
    # touches.contacts: caps, for every batch that is judged
    Index(
        "ix_touch_effect", "customer_id", "effect_at",
        postgresql_where=text("effect_at IS NOT NULL"), sqlite_where=text("effect_at IS NOT NULL"),
    ),
)  # fmt: skip

attempt = Table(
    "attempt",
    metadata,
    Column("id", Uuid, primary_key=True),  # the opaque handle that travels to the provider
    Column("touch_id", Uuid, ForeignKey("touch.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("epoch", Integer, nullable=False),  # the claim it belongs to
    Column("via", String(40), nullable=False),  # the registry's name: ledger, null, twilio …; desk for staff calls
    Column("began_at", Moment, nullable=False),
    Column("outcome", String(24)),  # null: nobody has come back yet
    Column("ended_at", Moment),
    Column("provider_ref", String(200)),  # the provider's name for it; an automatic call has one while it is going on
    Column("detail", Text),
    # What finds it again at the provider, and what it may still do
    Column("recipient", String(320)),  # the address or number it went to
    Column("fingerprint", String(64)),  # of its words
    Column("not_after", Moment),  # when the window closes: what the provider still queues then is called off
    Column("asked_at", Moment),  # unknown: when the provider was last asked what became of it
    Column("speech", Json),  # automatic calls: what a person and a machine hear, and what the keys do (core/speech.py)
    # What the provider reported. For calls three facts that are never mixed: how the line went, who answered, and (on the touch)
    # the disposition
    Column("carrier_result", String(16)),
    Column("carrier_at", Moment),
    Column("carrier_code", String(40)),
    Column("answered_by", String(24)),
    Column("duration_s", Integer),
    Column("heard", String(8)),  # what we said to whoever answered: person | machine | nothing
    Column("pressed", String(12)),  # what the pressed key does: speak | call_back | confirm | stop
    UniqueConstraint("touch_id", "number"),
    CheckConstraint(
        "outcome IS NULL OR "
        + one_of("outcome", {"accepted", "rejected_safe", "rejected_permanent", "unknown", "absent"}),
        name="outcome",
    ),
    CheckConstraint(f"carrier_result IS NULL OR {one_of('carrier_result', Result)}", name="carrier_result"),
    CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="outcome_has_moment"),
    CheckConstraint("outcome <> 'accepted' OR provider_ref IS NOT NULL", name="accepted_has_record"),
    # attempts.unreported: before an e-mail of which nothing was heard counts as lost
    Index("ix_attempt_unreported", "via", "began_at", postgresql_where=UNREPORTED, sqlite_where=UNREPORTED),
    # at most one open attempt of a touch; `unknown` counts as open until it is reconciled
    Index(
        "ux_attempt_open", "touch_id", unique=True,
        postgresql_where=text("outcome IS NULL OR outcome = 'unknown'"),
        sqlite_where=text("outcome IS NULL OR outcome = 'unknown'"),
    ),
)  # fmt: skip

journal = Table(
    "journal",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("what", String(60), nullable=False),  # e.g. touch.deferred
    Column("rule", Text, nullable=False),  # the policy or person that decided; empty: the playbook
    Column("why", Text, nullable=False),
    Column("subject", String(300)),
    Column("customer_id", Uuid),
    Column("enrollment_id", Uuid),
    Column("touch_id", Uuid),
    Column("event_id", Uuid),
    Index("ix_journal_enrollment", "enrollment_id"),  # journal.of_enrollments: timeline and why
    # journal.of_customer: what was decided about a person and belongs to no enrollment
    Index(
        "ix_journal_customer", "customer_id", "at",
        postgresql_where=text("enrollment_id IS NULL AND customer_id IS NOT NULL"),
        sqlite_where=text("enrollment_id IS NULL AND customer_id IS NOT NULL"),
    ),
    # journal.of_subject: what was decided where no enrollment came of it
    Index(
        "ix_journal_subject", "subject",
        postgresql_where=text("enrollment_id IS NULL"), sqlite_where=text("enrollment_id IS NULL"),
    ),
)  # fmt: skip

pause = Table(
    "pause",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("scope", String(16), nullable=False),
    Column("name", String(80), nullable=False),  # empty for all
    Column("since", Moment, nullable=False),
    Column("by", Text, nullable=False),
    UniqueConstraint("scope", "name"),
    CheckConstraint(one_of("scope", {"all", "channel", "playbook", "queue", "customer"}), name="scope"),
)

api_key = Table(
    "api_key",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", String(80), nullable=False, unique=True),
    Column("hash", String(64), nullable=False, unique=True),  # sha256 of 32 random bytes: nothing to guess, nothing to salt
    Column("scopes", Json, nullable=False),
    Column("role", String(16)),  # whom it reads for: a key sees what this role may see; null: it posts events only
    Column("created_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    CheckConstraint(f"role IS NULL OR {one_of('role', Role)}", name="role"),
)

ingest_mark = Table(
    "ingest_mark",
    metadata,
    Column("file_hash", String(64), primary_key=True),  # of the file and how it was read
    Column("rows_done", Integer, nullable=False),
    Column("updated_at", Moment, nullable=False),
)
