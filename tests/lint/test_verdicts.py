"""What lint says of behaviour, against everything that the real core can do: what it says happens, and what it leaves unsaid does not.

Each test says which half holds when the verdict makes no claim by being silent; docs/lint.md has the table. Cases are counted,
so that no test passes because its verdict never came. In CI always the same ones; others with TOUCHPOINT_LONG_TESTS=1.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from orchestrator.core.planner import edge_of
from orchestrator.language.program import BranchNode, TouchNode
from orchestrator.lint.finding import Finding
from orchestrator.lint.outcomes import ENDS_IT, concern_for_nobody, dead_outcomes, goes_on_after_the_end
from orchestrator.lint.reachable import always_so, unreachable
from orchestrator.lint.subject import Subject
from tests.length import LONG
from tests.lint.generated import HOUSE, made_up
from tests.lint.lives import Life, Lives, can_end
from tests.lint.test_proofs import subject_of, usual

AMOUNTS = (1.0, 49.0, 50.0, 75.0, 99.0, 100.0, 250.0, 500.0, 750.0, 1000.0, 1001.0)
CONDITIONS = (
    "event.amount >= 500",
    "event.amount < 500",
    "event.amount < 100",
    "event.amount > 50",
    "event.amount > 1000 || event.amount < 50",
)
RULES = HOUSE.format(caps="{most: 9, per: day}", holidays="", useful="2 days", bound="any-time")
VOICES = {
    "voices/plain.md": "Hello, this is {{ house.name }}.\n",
    "voices/keys.md": "---\nkeys: {1: confirm, 2: call_back}\nvoicemail: Hello, this is {{ house.name }}.\n---\nHello from {{ house.name }}.\n",
    "voices/yes.md": "---\nkeys: {1: confirm}\n---\nHello from {{ house.name }}.\n",
}
few = settings(usual, max_examples=400 if LONG else 60)


def said(subject: Subject, *checks: Callable[[Subject], Iterable[Finding]]) -> list[Finding]:
    return [finding for check in checks for finding in check(subject)]


def at(found: Iterable[Finding], code: str) -> set[tuple[str, int, int]]:
    return {(f.file, f.line, f.column) for f in found if f.code == code}


def lives(subject: Subject, amount: float = 75.0, **more: Any) -> Iterator[Life]:
    """Every life of a subject; contacts end in each way that leads elsewhere, and in each that should end it."""

    def endings(node: TouchNode) -> list[str]:
        ways: dict[str, str] = {}
        every = can_end(node, subject.words(node))
        for ending in every:
            ways.setdefault(edge_of(node, ending), ending)
        return list(
            dict.fromkeys([*ways.values(), *(e for e in every if e in (*ENDS_IT, "completed_concern", "disposition_missing"))])
        )

    return Lives([subject.program], subject.house, {"amount": amount}, **{"endings": endings, **more}).all()


def along(finding: Finding, life: Life) -> bool:
    """Whether a life makes the contacts of the finding's way, in their order; what is dated last need not be made."""
    there = list(dict.fromkeys(re.findall(r"\bt\d+\b", finding.path)))
    gone = list(
        dict.fromkeys(step for what, step, _ in life if what in ("planned", "passed over") and re.fullmatch(r"t\d+", step))
    )
    return gone[: len(there)] == there


# -- conditions ---------------------------------------------------------------------------------------------------------


@st.composite
def branches(draw: st.DrawFn) -> dict[str, str]:
    """Conditions on the event below each other, contacts with conditions, and often one for the playbook."""
    names = iter(f"t{index}" for index in range(100))

    def steps(depth: int) -> list[Any]:
        found: list[Any] = []
        for _ in range(draw(st.integers(1, 2))):
            condition = draw(st.sampled_from(CONDITIONS))
            if depth < 3 and draw(st.integers(0, 2)):
                found.append({"if": condition, "then": steps(depth + 1)})
            else:
                found.append({"touchpoint": next(names), "email": "thanks", "only_if": condition})
        return found

    files = made_up(RULES, steps(0))
    only_if = draw(st.sampled_from(["", *CONDITIONS]))
    files["made-up.yaml"] = files["made-up.yaml"].replace("steps:", f'only_if: "{only_if}"\nsteps:' if only_if else "steps:")
    return files


def test_a_condition_that_lint_says_always_answers_the_same_does_and_every_other_one_answers_both() -> None:
    """TP101, TP102, both ways: every amount on which a condition could turn is tried."""
    seen: Counter[str] = Counter()

    @few
    @given(branches())
    def all_of_them(files: dict[str, str]) -> None:
        subject = subject_of(files)
        found = said(subject, unreachable, always_so)
        told = {life_item for amount in AMOUNTS for life in lives(subject, amount) for life_item in life}
        always, never = at(found, "TP102"), at(found, "TP101")
        assert subject.paths.exact
        for node_id, node in subject.program.nodes.items():
            if isinstance(node, BranchNode):
                answers = {how for what, step, how in told if (what, step) == ("branch", node_id)}
                assert (subject.place(node_id, "if") in always) == (answers == {"yes"}), (files["made-up.yaml"], node_id, answers)
                assert (subject.place(node.then) in never) == (answers == {"no"}), (files["made-up.yaml"], node_id, answers)
            elif isinstance(node, TouchNode):
                made, passed = ("planned", node_id, "1") in told, ("passed over", node_id, "") in told
                place = subject.place(node_id, "only_if")
                assert (place in always) == (made and not passed), (files["made-up.yaml"], node_id)
                assert (place in never) == (passed and not made), (files["made-up.yaml"], node_id)
        if subject.program.only_if is not None:
            assert (subject.place(("only_if",)) in always) == (("not meant", "made-up", "") not in told)
        seen.update(f.code for f in found)
        seen["silent"] += not found

    all_of_them()

    assert all(seen[code] >= 3 for code in ("TP101", "TP102", "silent")), seen


# -- outcomes -----------------------------------------------------------------------------------------------------------

OUTCOMES = ("goal_met", "already_done", "do_not_contact", "final", "retry", "suppress", "needs_review", "completed_concern",
            "disposition_missing", "not_reached", "voicemail_left", "call_back", "continue")  # fmt: skip


@st.composite
def outcomes(draw: st.DrawFn, kinds: Sequence[str] = ("call", "call", "voice")) -> dict[str, str]:
    """A condition, a call by people or by itself with outcomes of its own, each leading to a contact of its own or on; then an e-mail."""
    kind = draw(st.sampled_from(kinds))
    names = ("goal_met", "do_not_contact", "retry", "not_reached", "voicemail_left", "call_back", "suppress", "final")
    named = draw(st.lists(st.sampled_from(OUTCOMES if kind == "call" else names), max_size=5, unique=True))
    if kind == "call" and draw(st.integers(0, 2)) == 0:
        named = list(dict.fromkeys([*named, "completed_concern", "disposition_missing", "needs_review"]))
    if kind == "voice" and draw(st.booleans()):
        named = list(dict.fromkeys([*named, "suppress", "do_not_contact", "invalid_number", "fax"]))
    ways: dict[str, Any] = {}
    for index, name in enumerate(named):
        own = [{"touchpoint": f"t{index + 10}", "email": "thanks"}, "exit"]
        ways[name] = draw(st.sampled_from([own, own, "continue", "exit"]))
    step: dict[str, Any] = {
        "touchpoint": "t1",
        kind: "check-in" if kind == "call" else draw(st.sampled_from(["plain", "keys", "yes"])),
    }
    step |= {"queue": "sales"} if kind == "call" else {}
    step |= {"outcomes": ways} if ways else {}
    step |= {"attempts": {"most": 2, "apart": "1 day"}} if draw(st.booleans()) else {}
    last: dict[str, Any] = {"touchpoint": "t2", "email": "thanks", "after": "1 day"}
    last |= {"only_if": draw(st.sampled_from(CONDITIONS))} if draw(st.booleans()) else {}
    first = [{"if": draw(st.sampled_from(CONDITIONS)), "then": [{"touchpoint": "t0", "email": "thanks"}]}]
    return {**made_up(RULES, [*(first if draw(st.booleans()) else []), step, last]), **VOICES}


def each_named(words: str) -> dict[str, str]:
    """An automatic call with a contact of its own for each ending."""
    named = ("goal_met", "do_not_contact", "voicemail_left", "call_back", "completed", "cut_off", "fax", "not_reached")
    ways = {name: [{"touchpoint": f"t{index + 10}", "email": "thanks"}, "exit"] for index, name in enumerate(named)}
    step = {"touchpoint": "t1", "voice": words, "attempts": {"most": 2, "apart": "1 day"}, "outcomes": ways}
    return {**made_up(RULES, [step]), **VOICES}


def all_lives(subject: Subject) -> list[Life]:
    return [life for amount in (49.0, 75.0, 250.0, 750.0, 1001.0) for life in lives(subject, amount)]


def test_an_outcome_that_lint_says_is_dead_is_never_taken_and_every_other_one_is() -> None:
    """TP103, TP104, both ways, for endings that a provider, a key or staff can bring about; what leads to one contact alone shows it."""
    seen: Counter[str] = Counter()

    @few
    @given(outcomes(["call", "voice", "voice"]))
    @example(each_named("plain"))
    @example(each_named("keys"))
    @example(each_named("yes"))
    def all_of_them(files: dict[str, str]) -> None:
        subject = subject_of(files)
        found = said(subject, dead_outcomes)
        dead = at(found, "TP103") | at(found, "TP104")
        planned = {step for life in all_lives(subject) for what, step, _ in life if what == "planned"}
        for name, target in subject.touches[[n.id for n in subject.touches].index("t1")].outcomes.items():
            if target.startswith("t1") and target != "t1":
                taken = target in planned
                assert (subject.place("t1", "outcomes", name, key=True) in dead) == (not taken), (files["made-up.yaml"], name)
                seen["taken"] += taken
        seen.update(f.code for f in found)

    all_of_them()

    assert all(seen[code] >= 3 for code in ("TP103", "TP104", "taken")), seen


def test_a_concern_that_lint_says_nobody_takes_up_is_followed_by_what_follows_an_unsaid_ending() -> None:
    """TP105, both ways: what comes after the concern is what comes after nothing was said, unless an outcome takes it up."""
    seen: Counter[str] = Counter()

    @few
    @given(outcomes(["call"]))
    def all_of_them(files: dict[str, str]) -> None:
        subject = subject_of(files)
        found = said(subject, concern_for_nobody)
        call = next(node for node in subject.touches if node.channel == "call")
        for life in all_lives(subject):
            for index, (what, step, how) in enumerate(life):
                if (what, step, how) == ("made", call.id, "completed_concern"):
                    on = next(step for what, step, _ in life[index + 1 :] if what in ("planned", "end", "passed over"))
                    if found:
                        assert on in ("t2",), (files["made-up.yaml"], life)
                        seen["goes on"] += 1
                    else:
                        assert {"completed_concern", "needs_review"} & call.outcomes.keys(), (files["made-up.yaml"], life)
                        seen["taken up"] += 1
        assert all(any(along(f, life) for life in all_lives(subject)) for f in found)

    all_of_them()

    assert min(seen["goes on"], seen["taken up"]) >= 3, seen


RICH_ONLY = {
    **made_up(
        RULES,
        [
            {"if": "event.amount >= 500", "then": [{"touchpoint": "t0", "email": "thanks"}]},
            {"touchpoint": "t1", "call": "check-in", "queue": "sales", "outcomes": {"goal_met": "continue"}},
            {"touchpoint": "t2", "email": "thanks", "only_if": "event.amount >= 500"},
        ],
    ),
    **VOICES,
}


def test_who_said_that_it_is_over_is_contacted_again_exactly_where_lint_says_so() -> None:
    """TP106, both ways; the contact may come on a longer way to the call only."""
    seen: Counter[str] = Counter()

    @few
    @given(outcomes())
    @example(RICH_ONLY)
    def all_of_them(files: dict[str, str]) -> None:
        subject = subject_of(files)
        found = said(subject, goes_on_after_the_end)
        call = next(node for node in subject.touches if node.id == "t1")
        told = {f.message.split("'")[1]: f for f in found}
        after: dict[str, list[Life]] = {}
        for life in all_lives(subject):
            for index, (what, step, how) in enumerate(life):
                if what == "made" and step == "t1" and how in ENDS_IT and any(w == "planned" for w, _, _ in life[index:]):
                    after.setdefault(how, []).append(life)
        if call.channel == "voice":
            after = {code: ways for code, ways in after.items() if code == "do_not_contact"}  # a key says yes to the call alone
        assert set(after) == set(told), (files["made-up.yaml"], after)
        for code, finding in told.items():
            assert any(along(finding, life) for life in after[code]), (files["made-up.yaml"], finding)
        seen["told"] += len(told)
        seen["silent"] += not told

    all_of_them()

    assert min(seen["told"], seen["silent"]) >= 3, seen
