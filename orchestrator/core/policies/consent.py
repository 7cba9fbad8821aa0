"""What the customer has agreed to, has stopped, and where they can be reached."""

from __future__ import annotations

from datetime import datetime

from orchestrator.core.house import House
from orchestrator.core.model import Allow, Case, Customer, Deny, EndReason, Verdict

_COVERS = {  # consent given -> purposes it is good for
    "none": frozenset[str](),
    "service": frozenset({"service"}),
    "marketing": frozenset({"service", "marketing"}),
}


def judge(case: Case, at: datetime, house: House) -> Verdict:
    """Deny after an opt-out, without the consent that the purpose needs, and without an address or number.

    Consent that was never given counts as none. A voicemail is a call as far as consent goes; where the customer
    said something about voicemails too, both must agree.
    """
    channel, customer = case.touch.channel or "", case.customer
    kinds = ("call", "voicemail") if channel == "voicemail" else (channel,)
    for stopped in ("all", *kinds):
        if stopped in customer.suppressed:
            ends = EndReason.OPTED_OUT if stopped == "all" else None
            what = "contact" if stopped == "all" else stopped
            return Deny("suppression", f"no more {what} to this customer: {customer.suppressed[stopped]}", ends)
    for kind in kinds:
        if kind == "voicemail" and kind not in customer.consent:
            continue
        given = customer.consent.get(kind, "none")
        if case.purpose not in _COVERS.get(given, ()):
            return Deny("consent", f"{case.purpose} needs consent for {kind}; the customer's is '{given}'")
    if not _contact_point(customer, channel):
        return Deny("contact point", f"no {'e-mail address' if channel == 'email' else 'phone number'} is known")
    return Allow()


def _contact_point(customer: Customer, channel: str) -> str | None:
    return customer.email if channel == "email" else customer.phone
