"""Where providers reach us. Channels put these addresses into requests; web/ answers there; signatures are checked against them.

The only thing of ours in them is the attempt's handle.
"""

from __future__ import annotations

from uuid import UUID

TWILIO = "/hooks/twilio"
SENDGRID_EVENTS = "/hooks/sendgrid/events"

TEXT_STATUS = f"{TWILIO}/text-status"  # + /handle: what became of a text
INCOMING_TEXT = f"{TWILIO}/texts"  # somebody wrote to us
CALL_STATUS = f"{TWILIO}/call-status"  # + /handle: how the line of a call goes
SPEAK = f"{TWILIO}/speak"  # + /handle: somebody, or something, answered: what do we say
KEY = f"{TWILIO}/key"  # + /handle: a key was pressed
BRIDGE = f"{TWILIO}/bridge"  # + /handle: the agent answered: whom do we connect
AGENT_LEG = f"{TWILIO}/agent-leg"  # + /handle: how the line to the agent goes, of a bridged call
CUSTOMER_LEG = f"{TWILIO}/customer-leg"  # + /handle: how the line to the customer goes, of a bridged call
INCOMING_CALL = f"{TWILIO}/calls"  # somebody calls us


def hook(public_url: str, path: str, handle: UUID | None = None) -> str:
    """The full public address of a hook."""
    base = public_url.rstrip("/") + path
    return f"{base}/{handle}" if handle is not None else base
