"""Tables of the desk: what somebody notes down during a call, what was promised, and whom nobody may contact although we know nobody."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint, Uuid, text

from orchestrator.store.columns import BigId, Json, Moment, metadata, one_of

PHASES = ("reading", "dialling", "ringing", "talking", "wrap_up", "filed", "left")

call_sheet = Table(
    "call_sheet",
    metadata,
    Column("attempt_id", Uuid, ForeignKey("attempt.id"), primary_key=True),  # one call by one person
    Column("touch_id", Uuid, ForeignKey("touch.id"), nullable=False),
    Column("who", String(120), nullable=False),
    Column("queue", String(80)),  # in which the call waited then
    Column("phase", String(12), nullable=False),  # left: put back, taken back, or walked away from
    Column("dialled_by", String(8)),  # bridge: through the voice channel; hand: a telephone of their own
    Column("note", Text, nullable=False),  # typed so far; kept when the claim is lost
    Column("answers", Json, nullable=False),  # to the script's questions so far, as typed
    Column("promised_for", Json, nullable=False),  # question -> the day for which something was promised
    Column("sentiment", String(8)),  # how the customer felt; apart from how the call ended
    Column("disposition", String(40)),
    Column("call_back_at", Moment),
    Column("call_back_by", String(8)),  # me | anyone
    Column("scope", String(16)),  # do not contact: on which channel, or all
    Column("began_at", Moment, nullable=False),
    Column("dialled_at", Moment),  # the last time
    Column("dials", Integer, nullable=False, server_default=text("0")),  # how often the customer's telephone rang, or may have
    Column("earlier_lines", Json, nullable=False, server_default=text("'[]'")),  # the provider's names for lines before the last
    Column("talked_from", Moment),
    Column("wrap_up_from", Moment),
    Column("filed_at", Moment),
    Column("undone", Integer, nullable=False),  # how often
    CheckConstraint(one_of("phase", PHASES), name="phase"),
    CheckConstraint(f"dialled_by IS NULL OR {one_of('dialled_by', {'bridge', 'hand'})}", name="dialled_by"),
    CheckConstraint(f"sentiment IS NULL OR {one_of('sentiment', {'good', 'neutral', 'bad'})}", name="sentiment"),
    CheckConstraint(f"call_back_by IS NULL OR {one_of('call_back_by', {'me', 'anyone'})}", name="call_back_by"),
    CheckConstraint(f"scope IS NULL OR {one_of('scope', {'email', 'text', 'call', 'voice', 'voicemail', 'all'})}", name="scope"),
    CheckConstraint("(phase = 'filed') = (filed_at IS NOT NULL AND disposition IS NOT NULL)", name="filed_has_disposition"),
    Index("ix_call_sheet_touch", "touch_id"),  # sheets.of: everything noted about a call
    Index("ix_call_sheet_who", "who", "began_at"),  # sheets.since: what somebody did today
    Index("ix_call_sheet_day", "began_at"),  # board.today: what everybody did, every second
)

promise = Table(
    "promise",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("customer_id", Uuid, ForeignKey("customer.id"), nullable=False),
    Column("enrollment_id", Uuid),  # the follow-up in which it was made
    Column("attempt_id", Uuid, ForeignKey("attempt.id"), nullable=False),  # the call in which it was made
    Column("question", String(80), nullable=False),  # of the script
    Column("what", Text, nullable=False),  # in words: "I'll send the drawing"
    Column("due_at", Moment, nullable=False),
    Column("owner", String(120), nullable=False),  # who keeps it
    Column("made_at", Moment, nullable=False),
    Column("kept_at", Moment),
    Column("dropped_at", Moment),  # it is of no use any more
    UniqueConstraint("attempt_id", "question"),
    CheckConstraint("kept_at IS NULL OR dropped_at IS NULL", name="one_end"),
    Index("ix_promise_customer", "customer_id"),  # promises.open_for: on every call with this customer
    # promises.open_of: what somebody owes
    Index(
        "ix_promise_owner", "owner", "due_at",
        postgresql_where=text("kept_at IS NULL AND dropped_at IS NULL"),
        sqlite_where=text("kept_at IS NULL AND dropped_at IS NULL"),
    ),
)  # fmt: skip

forgotten = Table(
    "forgotten",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("digest", String(64), nullable=False),  # HMAC-SHA256 of the number or address with the secret "forgotten"
    Column("channel", String(16), nullable=False),  # that stays suppressed
    Column("since", Moment, nullable=False),
    CheckConstraint(one_of("kind", {"email", "phone", "ref"}), name="kind"),
    CheckConstraint(one_of("channel", {"email", "text", "call", "voice", "voicemail", "all"}), name="channel"),
    UniqueConstraint("kind", "digest", "channel"),  # customers.merge: whoever comes with it is suppressed again
)
