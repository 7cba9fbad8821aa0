"""What conditions and templates know about one touch: the values behind the names of names.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Facts = dict[str, Mapping[str, object]]  # {"event": {"amount": 1850}, "customer": {...}, ...}


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
