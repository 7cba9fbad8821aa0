"""What the customer has agreed to, has stopped, and where they can be reached."""

from __future__ import annotations

from datetime import datetime

from orchestrator.core.house import House
from orchestrator.core.model import AUTOMATIC_CALLS, Allow, Case, Customer, Deny, EndReason, Verdict
from orchestrator.core.numbers import why_not
from orchestrator.language.program import TouchNode

_COVERS = {  # consent given -> purposes it is good for
    "none": frozenset[str](),
    "service": frozenset({"service"}),
    "marketing": frozenset({"service", "marketing"}),
}


def judge(case: Case, at: datetime, house: House) -> Verdict:
    """Deny after an opt-out, without the consent that the purpose needs, and without an address or number that we may use.

    Consent that was never given counts as none. An automatic call is a call as far as consent goes; where the customer
    said something about that kind of call too, both must agree. A recorded message needs a yes to voicemails of its own.
    """
    channel, customer = case.touch.channel or "", case.customer
    recorded = _is_recorded(case)
    kinds = ["call", channel] if channel in AUTOMATIC_CALLS else [channel]
    if recorded and "voicemail" not in kinds:
        kinds.append("voicemail")
    for stopped in ("all", *kinds):
        if stopped in customer.suppressed:
            ends = EndReason.OPTED_OUT if stopped == "all" else None
            what = "contact" if stopped == "all" else stopped
            return Deny("suppression", f"no more {what} to this customer: {customer.suppressed[stopped]}", ends)
    if recorded and not house.recorded_voicemail:
        return Deny("recorded message", "the house rules do not allow recorded messages any more")
    for kind in kinds:
        if kind in AUTOMATIC_CALLS and kind not in customer.consent and not (recorded and kind == "voicemail"):
            continue
        given = customer.consent.get(kind, "none")
        if case.purpose not in _COVERS.get(given, ()):
            what = "recorded messages" if recorded and kind == "voicemail" else kind
            return Deny("consent", f"{case.purpose} needs consent for {what}; the customer's is '{given}'")
    return _contact_point(customer, channel, house)


def _is_recorded(case: Case) -> bool:
    node = case.program.nodes.get(case.touch.step)
    return isinstance(node, TouchNode) and node.recorded


def _contact_point(customer: Customer, channel: str, house: House) -> Verdict:
    if channel == "email":
        return Allow() if customer.email else Deny("contact point", "no e-mail address is known")
    if not customer.phone:
        return Deny("contact point", "no phone number is known")
    why = why_not(customer.phone, house.countries)
    return Allow() if why is None else Deny("number", why)
