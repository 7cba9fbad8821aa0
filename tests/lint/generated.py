"""Small playbooks as files, made up by hypothesis and loaded by the real compiler."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.language.designs import WORDS

HOUSE = """\
company: {{name: Northside Windows, phone: (312) 555-0100}}
time_zones: [America/Chicago]
holidays: [{holidays}]
closed_on: [2026-12-24]
contact_windows:
  office-hours: {{mon-fri: 9:00-17:30}}
  evenings: {{mon-thu: "17:00-19:30"}}
  halves: {{mon-fri: ["09:00-12:00", "14:00-18:00"], sat: 10:00-14:00}}
  any-time: {{mon-sun: 0:00-24:00, on_holidays: open}}
  sundays: {{sun: 12:00-18:00}}
default_windows: {{email: any-time, text: office-hours, call: office-hours, voicemail: office-hours}}
never_outside: {{email: any-time, text: any-time, call: {bound}, voicemail: any-time}}
skip_when_late: {useful}
caps: [{caps}]
queues: {{sales: {{title: Sales}}}}
"""
LIFECYCLE = """\
stages: {quote: {title: Quote}}
events:
  quote.sent: {stage: quote, fields: {amount: number, starts_at: time, day: date}}
  quote.accepted: {stage: quote}
  quote.viewed: {stage: quote}
"""
delays = st.sampled_from(
    [
        "0 minutes",
        "10 minutes",
        "3 hours",
        "15 hours",
        "24 hours",
        "1 day",
        "2 days",
        "0 business days",
        "1 business day",
        "2 business days",
        "1 week",
    ]
)
times = st.sampled_from(["00:30", "09:00", "10:00", "17:15", "21:00"])
moments = st.builds(
    lambda delay, side, name: f"{delay} {side} event.{name}",
    st.sampled_from(["2 hours", "1 day", "2 business days"]),
    st.sampled_from(["before", "after"]),
    st.sampled_from(["starts_at", "day"]),
)
windows = st.sampled_from(["office-hours", "evenings", "halves", "any-time"])
conditions = st.sampled_from(["event.amount >= 500", "event.amount < 100", "event.amount > 1000 || event.amount < 50"])
caps = st.sampled_from(
    [
        "{most: 1, per: day}",
        "{most: 2, per: day}",
        "{most: 2, per: week}",
        "{most: 3, per: week}",
        "{most: 1, per: day, of: call}",
    ]
)


@st.composite
def designs(draw: st.DrawFn) -> dict[str, str]:
    """Files of a design with one playbook of one to four steps."""
    names = iter(f"t{index}" for index in range(100))
    steps = draw_steps(draw, names, draw(st.integers(1, 4)), 0)
    chosen = draw(st.lists(caps, min_size=1, max_size=3, unique=True))
    house = HOUSE.format(
        caps=", ".join(chosen),
        holidays=draw(st.sampled_from(["US", ""])),
        useful=draw(st.sampled_from(["2 days", "4 hours", "1 business day"])),
        bound=draw(st.sampled_from(["any-time", "halves"])),
    )
    return made_up(house, steps)


def made_up(house: str, steps: list[Any], gives_up: str = "52 weeks") -> dict[str, str]:
    """The files of a design with one playbook."""
    text = f"playbook: made-up\ntitle: Made up\nstage: quote\nowner: sales\nstarts_on: quote.sent\nstops_on: {{quote.accepted: goal}}\ngives_up_after: {gives_up}\nsteps: {flow(steps)}\n"
    return {"lifecycle.yaml": LIFECYCLE, "house-rules.yaml": house, "made-up.yaml": text, **WORDS}


@st.composite
def lines(draw: st.DrawFn) -> dict[str, str]:
    """Steps in one line, many of them out of reach by time alone: shut for ever, given up before, or their date has passed.

    The lengths are such that no holiday and no change of the clocks decides: each step is either made in some ordinary week, or in none.
    """
    steps: list[dict[str, Any]] = []
    for index in range(draw(st.integers(1, 3))):
        # a delay counts from when a contact before it was due, however long ago: lint does not follow that (docs/lint.md)
        kind = "date" if steps and "when" in steps[-1] else draw(st.sampled_from(["call", "email", "text", "call", "date"]))
        if kind == "date":
            if draw(st.integers(0, 3)):
                steps.append({"wait": "event.starts_at"})
                if draw(st.booleans()):
                    steps.append({"wait": "2 weeks"})
            timing = draw(st.sampled_from(["1 day before event.starts_at", "2 hours before event.starts_at"]))
            steps.append({"touchpoint": f"t{index}", "email": "thanks", "when": timing})
            continue
        said = {"email": "thanks", "text": "sorry", "call": "check-in"}[kind]
        step: dict[str, Any] = {"touchpoint": f"t{index}", kind: said}
        if after := draw(st.sampled_from(["", "20 hours", "3 days", "9 days"])):
            step["after"] = after
        if kind != "email":
            step["contact_window"] = draw(st.sampled_from(["sundays", "any-time", "office-hours"]))
        if kind == "call":
            step["queue"] = "sales"
        steps.append(step)
    house = HOUSE.format(
        caps="{most: 3, per: day}",
        holidays="",
        useful=draw(st.sampled_from(["2 days", "4 hours"])),
        bound=draw(st.sampled_from(["halves", "any-time"])),
    )
    return made_up(house, steps, draw(st.sampled_from(["1 week", "2 days", "52 weeks"])))


@st.composite
def evenings(draw: st.DrawFn) -> dict[str, str]:
    """A contact and another one some hours later, in narrow hours: often at night, or just before closing."""
    first: dict[str, Any] = draw(
        st.sampled_from(
            [
                {"email": "thanks", "after": "1 day", "at": "10:00"},
                {"email": "thanks", "not_later_than": "1 hour"},
                {"call": "check-in", "queue": "sales", "contact_window": "office-hours"},
                {"text": "sorry", "contact_window": "halves", "after": "2 business days"},
            ]
        )
    )
    window = draw(st.sampled_from(["office-hours", "halves", "evenings"]))
    after = draw(st.sampled_from(["0 minutes", "3 hours", "7 hours", "12 hours", "1 day", "2 business days"]))
    second: dict[str, Any] = {"touchpoint": "t1", "contact_window": window, "after": after}
    if draw(st.booleans()):
        second |= {"call": "check-in", "queue": "sales", "due_within": draw(st.sampled_from(["1 hour", "2 hours", "1 day"]))}
    else:
        second |= {"text": "sorry"}
    house = HOUSE.format(caps="{most: 3, per: day}", holidays="", useful="2 days", bound="any-time")
    return made_up(house, [{"touchpoint": "t0", **first}, second])


def draw_steps(draw: st.DrawFn, names: Any, many: int, depth: int) -> list[Any]:
    return [draw_step(draw, names, depth) for _ in range(many)]


def draw_step(draw: st.DrawFn, names: Any, depth: int) -> dict[str, Any]:
    kinds = ["email", "text", "call", "call", "voicemail", "wait"] + (["if", "wait_for", "split"] if depth < 2 else [])
    kind = draw(st.sampled_from(kinds))
    few = st.integers(0, 1)
    if kind == "wait":
        return {"wait": draw(delays)}
    if kind == "if":
        return {
            "if": draw(conditions),
            "then": draw_steps(draw, names, 1, depth + 1),
            "otherwise": draw_steps(draw, names, draw(few), depth + 1),
        }
    if kind == "wait_for":
        return {
            "wait_for": "quote.viewed",
            "within": draw(delays),
            "then": draw_steps(draw, names, draw(few), depth + 1),
            "otherwise": draw_steps(draw, names, draw(few), depth + 1),
        }
    if kind == "split":
        return {
            "split": f"s{depth}",
            "ways": {"one": {"share": 50, "steps": draw_steps(draw, names, 1, depth + 1)}, "two": {"share": 50}},
        }
    said = {"email": "thanks", "text": "sorry", "call": "check-in", "voicemail": "hello"}[kind]
    step: dict[str, Any] = {"touchpoint": next(names), kind: said}
    timing = draw(st.sampled_from(["at once", "after", "after", "when"]))
    if timing != "at once":
        step[timing] = draw(delays if timing == "after" else moments)
    if timing != "at once" and draw(st.booleans()):
        step["at"] = draw(times)
    if draw(st.booleans()):
        step["contact_window"] = draw(windows)
    if draw(st.integers(0, 3)) == 0:
        step["only_if"] = draw(conditions)
    if kind == "call":
        step["queue"] = "sales"
        if draw(st.booleans()):
            step["due_within"] = draw(st.sampled_from(["4 hours", "1 business day", "1 week"]))
        if draw(st.booleans()):
            attempts: dict[str, Any] = {"most": draw(st.integers(2, 3)), "apart": draw(delays)}
            if draw(st.booleans()):
                attempts["vary"] = "time of day"
            step["attempts"] = attempts
            if depth < 2 and draw(st.booleans()):
                step["outcomes"] = {"voicemail_left": [*draw_steps(draw, names, 1, depth + 2), "again"]}
        elif depth < 2 and draw(st.booleans()):
            step["outcomes"] = {
                draw(st.sampled_from(["completed", "skipped", "not_taken"])): draw_steps(draw, names, 1, depth + 2)
            }
    elif kind == "email" and draw(st.integers(0, 4)) == 0:
        step["repeat"] = {"most": 2, "every": draw(delays)}
    return step


def flow(value: Any) -> str:
    """Plain data as YAML in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)
