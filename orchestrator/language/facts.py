"""What conditions and templates can know: the names, and the values behind them for one touch."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from orchestrator.errors import did_you_mean
from orchestrator.language.lifecycle import FieldType

Facts = dict[str, Mapping[str, object]]  # {"event": {"amount": 1850}, "customer": {...}, ...}

# What is there in every playbook. `event.*` and `answers.*` are added by the playbook, further `customer.*` by lifecycle.yaml.
FIXED: Mapping[str, FieldType] = {
    name: FieldType.parse(kind)
    for name, kind in {
        "customer.id": "text",  # the business's own, "C-77"
        "customer.name": "optional text",
        "customer.first_name": "optional text",  # when the business sends one; names are not taken apart
        "customer.email": "optional text",
        "customer.phone": "optional text",
        "customer.locale": "optional text",
        "customer.time_zone": "optional text",  # the customer's own, when known
        "customer.zone": "text",  # the one that times are shown in
        "subject.id": "text",  # "quote/Q-1042"
        "subject.kind": "text",  # "quote"
        "subject.key": "text",  # "Q-1042"
        "playbook.name": "text",
        "playbook.title": "text",
        "touch.tries": "number",  # which try this is; 0 where there is no touch, as in the playbook's own only_if
    }.items()
}
HOUSE = ("name", "phone", "email", "website", "address")  # house.NAME, for words only: conditions would always say the same
# A survey is answered through a link; its answers are there for every playbook.
SURVEY: Mapping[str, FieldType] = {
    "rating": FieldType.parse("optional number"),
    "comment": FieldType.parse("optional text"),
}


def facts(
    event: Mapping[str, object],
    customer: Mapping[str, object],
    subject: str,
    house: Mapping[str, object],
    playbook: tuple[str, str],
    tries: int = 0,
    answers: Mapping[str, object] | None = None,
) -> Facts:
    """The values for one touch, as templates read them; `flat` turns them into what conditions read.

    event: data of the event that started the enrollment. customer: from `customer_facts`. house: `company` of the house rules as a
    mapping. playbook: name and title.
    """
    return {
        "event": event,
        "customer": customer,
        "subject": subject_facts(subject),
        "house": house,
        "playbook": {"name": playbook[0], "title": playbook[1]},
        "touch": {"tries": tries},
        "answers": answers or {},
    }


def customer_facts(
    *,
    ref: str,
    name: str | None = None,
    email: str | None = None,
    phone: str | None = None,
    locale: str | None = None,
    time_zone: str | None = None,
    zones: Iterable[str] = (),
    extra: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """A customer's fields under the names that authors use.

    zones: where the customer may be, likeliest first; the house's own after them. The first is used when `time_zone` is not known.
    extra: what else the business sent, e.g. first_name; it hides none of the others.
    """
    return {
        **(extra or {}),
        "id": ref,
        "name": name,
        "email": email,
        "phone": phone,
        "locale": locale,
        "time_zone": time_zone,
        "zone": time_zone or next(iter(zones), "UTC"),
    }


def subject_facts(subject: str) -> dict[str, object]:
    """ "quote/Q-1042" -> kind "quote", key "Q-1042"; without a slash the whole is the key."""
    kind, slash, key = subject.partition("/")
    return {"id": subject, "kind": kind if slash else "", "key": key if slash else subject}


def flat(nested: Facts) -> dict[str, object]:
    """{"event": {"amount": 1850}} -> {"event.amount": 1850}"""
    return {f"{group}.{name}": value for group, values in nested.items() for name, value in values.items()}


def which_name(name: str, declared: Iterable[str]) -> str:
    """A hint for a name that is not declared: the one that was meant, or what there is of that kind."""
    names = set(declared)
    group, _, field = name.partition(".")
    fields = {known.partition(".")[2] for known in names if known.startswith(f"{group}.")}
    if not fields:
        return did_you_mean(name, names)
    close = difflib.get_close_matches(field, fields, n=1, cutoff=0.6)  # without the group, which makes all of them look alike
    if close:
        return f"did you mean '{group}.{close[0]}'?"
    shown = [f"{group}.{known}" for known in sorted(fields)]
    return f"known: {', '.join(shown[:8])}{', …' if len(shown) > 8 else ''}"
