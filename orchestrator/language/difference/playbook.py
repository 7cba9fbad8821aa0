"""Two playbooks: the head, steps that came, went, moved or changed, and what follows which ending."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.language.difference.fields import change, fields
from orchestrator.language.difference.nouns import NOUNS
from orchestrator.language.difference.sentence import Sentence, listed, sentence
from orchestrator.language.difference.steps import Matching, StepAt, Steps, every, lists, match
from orchestrator.language.playbook import Branch, Outcome, Playbook, Split, Step, Timed, Touchpoint, Wait, WaitFor, touchpoints
from orchestrator.language.program import NodeId

_CALLED = {"email": "e-mail", "text": "text", "call": "call", "voice": "automatic call", "voicemail": "voicemail"}
_TIMING = frozenset({"after", "when", "at"})
# what people see or what is counted, and what only comes after it: the next touch is made as before
_LATER = frozenset({"title", "stage", "owner", "outcomes", "if_unknown"})
_FOR_ALL = frozenset({"stops_on", "gives_up_after"})
_INHERITED = {"purpose", "contact_window"}


def steps_and_head(old: Playbook, new: Playbook) -> list[Sentence]:
    """What is another in a playbook's file, but for its comments and layout."""
    return [*_head(old, new), *_steps(old, new)]


def called(step: Step, id_: NodeId = "") -> str:
    """A step in a sentence: "the quote-check-in call", "the wait of 3 days"."""
    match step:
        case Touchpoint():
            return f"the {step.touchpoint} {_CALLED[step.channel]}"
        case Wait():
            return f"the wait of {step.wait}" if "event." not in str(step.wait) else f"the wait until {step.wait}"
        case WaitFor():
            events = [step.wait_for] if isinstance(step.wait_for, str) else step.wait_for
            return f"the wait for {' or '.join(events)}"
        case Branch():
            return f"the branch 'if {step.if_}'"
        case Split():
            return f"the split {step.split}"
    return f"'{step}'"


def timing(step: Timed, before: str = "") -> str:
    """When a step happens, in words. before: what its delay counts from, with a space in front; nothing where the place is told anyway."""
    at = f" at {step.at}" if step.at else ""
    if step.when:
        return f"{step.when}{at}" if step.when.delay else f"at {step.when}{at}"
    return f"{step.after} after{before}{at}" if step.after else f"right away{at}"


def _named(one: StepAt) -> str:
    text = called(one.step)
    return text[:1].upper() + text[1:]


def _head(old: Playbook, new: Playbook) -> Iterator[Sentence]:
    for name in Playbook.model_fields:
        before, after = getattr(old, name), getattr(new, name)
        if name == "steps" or before == after:
            continue
        theirs = frozenset(s.touchpoint for s, _ in touchpoints(old.steps) if getattr(s, name, "") is None)
        steps = theirs if name in _INHERITED else frozenset()
        for text in _head_texts(name, before, after):
            yield Sentence("head", f"Playbook.{name}", sentence(text), steps, name in _FOR_ALL)


def _head_texts(name: str, before: object, after: object) -> Iterator[str]:
    if name == "stops_on" and isinstance(before, dict) and isinstance(after, dict):
        for event in {**before, **after}:
            if event not in after:
                yield f"it does not stop on {event} any more"
            elif event not in before:
                yield f"it also stops on {event}, as {_ending(after[event])}"
            elif before[event] != after[event]:
                yield f"it stops on {event} as {_ending(after[event])} and no longer as {_ending(before[event])}"
        if list(before) != list(after) and before == after:
            yield "what stops it is in another order"
        return
    noun = NOUNS[Playbook][name]
    if name == "starts_on":
        old, new = _many(before), _many(after)
        started, not_any_more = [e for e in new if e not in old], [e for e in old if e not in new]
        if started:
            yield f"it also starts on {listed(started)}"
        if not_any_more:
            yield f"it does not start on {listed(not_any_more)} any more"
        if not started and not not_any_more:
            yield f"the events that start it are in another order: {listed(new)}"
    elif name == "gives_up_after":
        yield f"it gives up {after} after its event, and no longer {before} after it"
    else:
        yield change(noun, before, after)


def _ending(word: object) -> str:
    return "its goal" if word == "goal" else "an exit"


def _many(value: object) -> list[str]:
    return [value] if isinstance(value, str) else [str(one) for one in value] if isinstance(value, list) else []


# -- steps ------------------------------------------------------------------------------------------------------------


def _steps(old: Playbook, new: Playbook) -> Iterator[Sentence]:
    found = match(old, new)
    for one, twin in found.pairs:
        for field, text in _changes(one, twin, found):
            changes_next = field.partition(".")[2] not in _LATER and one.kind in ("Touchpoint", "Wait", "WaitFor")
            only_name = field == "Touchpoint.touchpoint"
            steps = frozenset({one.id}) if changes_next and not only_name else frozenset[NodeId]()
            yield Sentence("steps", field, sentence(text), steps)
    yield from _order(found)
    for one in found.gone:
        if one.kind != "word" or one.list_id in {a.id for a, _ in found.lists}:
            yield Sentence("steps", "step", f"{_named(one)} is gone; it came {_place(one, found.old)}.", frozenset({one.id}))
    for one in found.added:
        if one.kind != "word" or one.list_id in {b.id for _, b in found.lists}:
            when = f": {timing(one.step)}" if isinstance(one.step, Touchpoint) else ""
            yield Sentence("steps", "step", f"{_named(one)} is new, {_place(one, found.new)}{when}.")


def _changes(one: StepAt, twin: StepAt, found: Matching) -> Iterator[tuple[str, str]]:
    """(model and field, sentence) of one step."""
    old, new = one.step, twin.step
    if isinstance(old, str) or isinstance(new, str):
        if old != new:
            yield "step", f"{_place(one, found.old)} it is '{new}' and no longer '{old}'"
        return
    who = called(old)
    match old, new:
        case Touchpoint(), Touchpoint():
            yield from _touchpoint(who, old, new, (_before(one, found.old), _before(twin, found.new)))
        case Wait(), Wait():
            if (old.wait, old.at) != (new.wait, new.at):
                field = "Wait.wait" if old.wait != new.wait else "Wait.at"
                length = f"{new.wait}{f' at {new.at}' if new.at else ''}"
                yield field, f"{who}{f' at {old.at}' if old.at else ''} becomes {length}"
        case WaitFor(), WaitFor():
            for field, text in fields(old, new, ("then", "otherwise", "wait_for")):
                yield field, f"{who}: {text}"
            if old.wait_for != new.wait_for:
                yield "WaitFor.wait_for", f"{who} becomes {called(new)}"
        case Branch(), Branch():
            if old.if_ != new.if_:
                yield "Branch.if_", f"{who} asks '{new.if_}' instead"
        case Split(), Split():
            yield from _split(who, old, new)


def _touchpoint(who: str, old: Touchpoint, new: Touchpoint, before: tuple[str, str]) -> Iterator[tuple[str, str]]:
    """before: what the delay of each counts from."""
    if old.touchpoint != new.touchpoint:
        yield "Touchpoint.touchpoint", f"{who} is now called {new.touchpoint}"
    if old.channel != new.channel:
        kind = _CALLED[new.channel]
        an = "an" if kind[0] in "aeio" else "a"
        yield f"Touchpoint.{old.channel}", f"{who} becomes {an} {kind}, {new.words}"
        yield f"Touchpoint.{new.channel}", f"what it says is now {new.words}, and no longer {old.words}"
    elif old.words != new.words:
        yield f"Touchpoint.{old.channel}", f"{who} says {new.words} instead of {old.words}"
    differs = [name for name in ("after", "when", "at") if getattr(old, name) != getattr(new, name)]
    if differs:
        yield f"Touchpoint.{differs[0]}", f"{who} moves {_moves(old, new, *before)}"
        yield from (
            (f"Touchpoint.{name}", change(f"{who}: {NOUNS[Touchpoint][name]}", getattr(old, name), getattr(new, name)))
            for name in differs[1:]
        )
    skipped = {*_TIMING, "touchpoint", "outcomes", *_CALLED}
    for field, text in fields(old, new, skipped):
        yield field, f"{who}: {text}"
    yield from _outcomes(who, old, new)


def _moves(old: Timed, new: Timed, before: str, now_before: str) -> str:
    """ "from 2 to 1 business days after the event", where only the number changes."""
    a, b = old.after, new.after
    if a and b and before == now_before and not (old.at or new.at):
        if a.unit == b.unit:
            return f"from {a.count} to {b.count} {a.unit.replace('_', ' ')} after {before}"
        return f"from {a} to {b} after {before}"
    return f"from {timing(old, f' {before}')} to {timing(new, f' {now_before}')}"


def _before(one: StepAt, steps: Steps) -> str:
    """What the delay of a step counts from: "the event", "“Thanks for asking us”"."""
    for each in lists(steps):
        if each.id == one.list_id and one.index:
            return _titled(each.steps[one.index - 1].step)
    owner = next((s for s in every(steps) if any(inner.id == one.list_id for inner in s.inner)), None)
    return _titled(owner.step) if owner else "the event"


def _titled(step: Step) -> str:
    return f"“{step.title or step.touchpoint}”" if isinstance(step, Touchpoint) else called(step)


def _outcomes(who: str, old: Touchpoint, new: Touchpoint) -> Iterator[tuple[str, str]]:
    field = "Touchpoint.outcomes"
    for code in {**old.outcomes, **new.outcomes}:
        before, after = old.outcomes.get(code), new.outcomes.get(code)
        if before == after:
            continue
        if before is None and after is not None:
            yield field, f"{who} has a way of its own for {code} now: {_way(after)}"
        elif after is None and before is not None:
            yield field, f"{who} has no way of its own for {code} any more; it was {_way(before)}"
        elif before is not None and after is not None and (isinstance(before, str) or isinstance(after, str)):
            yield field, f"{who}, after {code}: {_way(after)} and no longer {_way(before)}"
        elif not before or not after:
            yield field, f"{who}, after {code}: {_way(after or [])} and no longer {_way(before or [])}"
    if list(old.outcomes) != list(new.outcomes) and old.outcomes == new.outcomes:
        yield field, f"{who}: its outcomes stand in another order, which changes nothing"


def _way(outcome: Outcome) -> str:
    if isinstance(outcome, str):
        return outcome
    return ", ".join(step if isinstance(step, str) else called(step) for step in outcome) or "nothing more"


def _split(who: str, old: Split, new: Split) -> Iterator[tuple[str, str]]:
    for name in {**old.ways, **new.ways}:
        before, after = old.ways.get(name), new.ways.get(name)
        if before is None and after is not None:
            yield "Split.ways", f"{who} has a new way {name} for {after.share} of a hundred"
        elif after is None and before is not None:
            yield "Split.ways", f"{who} has no way {name} any more; it was for {before.share} of a hundred"
        elif before is not None and after is not None and before.share != after.share:
            yield "Way.share", f"{who}: the way {name} is for {after.share} of a hundred and no longer for {before.share}"
    if list(old.ways) != list(new.ways) and set(old.ways) == set(new.ways):
        yield "Split.ways", f"{who}: its ways stand in another order, which sends other customers each way"


# -- order ------------------------------------------------------------------------------------------------------------


def _order(found: Matching) -> Iterator[Sentence]:
    """Steps that stand elsewhere: in another order, or in another list."""
    pairs = {a.id: b for a, b in found.pairs}
    same = {a.id: b.id for a, b in found.lists}
    for old, new in found.lists:
        both = [(a, pairs[a.id]) for a in old.steps if a.id in pairs and pairs[a.id].list_id == new.id]
        stay = _longest([b.index for _, b in both])
        for i, (a, b) in enumerate(both):
            if i not in stay:
                yield Sentence(
                    "steps",
                    "order",
                    f"{_named(b)} comes {_place(b, found.new)} now, before that {_place(a, found.old)}.",
                )
    for a, b in found.pairs:
        if same.get(a.list_id) != b.list_id:
            yield Sentence(
                "steps",
                "order",
                f"{_named(b)} comes {_place(b, found.new)} now, before that {_place(a, found.old)}.",
            )


def _longest(numbers: list[int]) -> set[int]:
    """The places of a longest run that only grows: what did not move."""
    best: list[list[int]] = [[]]
    for i, n in enumerate(numbers):
        before: list[int] = max((run for run in best if not run or numbers[run[-1]] < n), key=len)
        best.append([*before, i])
    longest: list[int] = max(best, key=len)
    return set(longest)


def _place(one: StepAt, steps: Steps) -> str:
    """ "after the quote-thanks e-mail", "first"."""
    for each in lists(steps):
        if each.id == one.list_id:
            inside = _inside(each, steps)
            if one.index == 0:
                return f"first{inside}"
            return f"after {called(each.steps[one.index - 1].step)}{inside}"
    return "elsewhere"


def _inside(inner: Steps, steps: Steps) -> str:
    for owner in every(steps):
        if any(one.id == inner.id for one in owner.inner):
            return f" under '{inner.role}' of {called(owner.step)}"
    return ""
