"""What somebody types on the page of a call: kept from any of its tabs, and taken over from those who had the call before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from orchestrator import sheets
from orchestrator.errors import InputError, Problem
from orchestrator.holding import NotHeld
from orchestrator.store import sheets as kept
from orchestrator.store.sheets import Sheet
from orchestrator.web.staff import desk_forms as forms
from orchestrator.web.staff.desk_forms import Typed
from orchestrator.web.staff.here import Here


def save(here: Here, call: UUID, typed: Typed) -> NotHeld | None:
    """Put it on their sheet; what the form does not mention stays as it is there. None: the call is theirs."""
    return sheets.save(
        here.parts, call, here.visitor.name, note=typed.note, answers=typed.answers, promised_for=forms.days_of(typed),
        sentiment=forms.sentiment_of(typed.sentiment),
    )  # fmt: skip


def on(sheet: Sheet | None) -> Typed:
    """What was typed earlier."""
    if sheet is None:
        return Typed()
    return Typed(note=sheet.note, sentiment=sheet.sentiment or "", answers=dict(sheet.answers), days=dict(sheet.promised_for))


def with_newer(here: Here, call: UUID, typed: Typed) -> Typed:
    """A whole form, with what another tab has put on the sheet since in the fields that this tab has not changed.

    What this tab has emptied is taken off the sheet at once: filing leaves out what is empty.
    """
    sheet = sheets.sheet_of(here.parts, call)
    if sheet is None or sheet.who != here.visitor.name:
        return typed
    answers, days = typed.answers or {}, typed.days or {}
    whole = replace(
        typed,
        note=sheet.note if "note" in typed.same and sheet.note else typed.note,
        answers=_newer(answers, sheet.answers, typed, forms.ANSWER),
        days=_newer(days, sheet.promised_for, typed, forms.DAY),
    )
    emptied = (sheet.note and whole.note == "") or any(not said and sheet.answers.get(name) for name, said in answers.items()
                                                       if forms.ANSWER + name not in typed.same)  # fmt: skip
    if emptied:
        save(here, call, whole)
    return whole


def _newer(mine: Mapping[str, str], there: Mapping[str, str], typed: Typed, prefix: str) -> dict[str, str]:
    return {name: (there.get(name) or said) if prefix + name in typed.same else said for name, said in mine.items()}


def take_over(here: Here, call: UUID, typed: Typed, earlier: str) -> NotHeld | None:
    """Put the words of an earlier sheet of this call below one's own; what is there already stays. None when that is done."""
    refused = save(here, call, typed)
    if refused is not None:
        return refused
    noted = here.parts.database.run(lambda work: kept.of(work, call))
    theirs = next((one for one in noted if str(one.attempt_id) == earlier and one.phase != "filed"), None)
    mine = next((one for one in reversed(noted) if one.who == here.visitor.name), None)
    if theirs is None or mine is None:
        raise InputError(Problem("These words are not there any more.", "reload the page"))
    note = theirs.note.strip()
    both = mine.note if note in mine.note else "\n".join(part for part in (mine.note.rstrip(), note) if part)
    return save(here, call, Typed(
        note=both, sentiment=mine.sentiment or theirs.sentiment or "", answers={**theirs.answers, **mine.answers},
        days={**theirs.promised_for, **mine.promised_for},
    ))  # fmt: skip


def as_text(typed: Typed) -> str:
    """Everything typed, to be copied."""
    lines = [typed.note or "", *(f"{name}: {said}" for name, said in (typed.answers or {}).items() if said)]
    return "\n".join(line for line in lines if line)
