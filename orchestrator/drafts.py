"""What somebody has typed during a call, kept on their sheet: also when the call is not theirs any more."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from orchestrator.language import typed
from orchestrator.store import erasure, sheets
from orchestrator.store.database import Row, Work
from orchestrator.store.sheets import Sheet

MOST_ANSWERS = 100  # a script has at most 40 questions
MOST_NAME = 80  # characters of a question's name


def must(work: Work, attempt: UUID) -> Sheet:
    """The sheet of this attempt; every call that somebody took has one."""
    sheet = sheets.of_attempt(work, attempt)
    assert sheet is not None, f"attempt {attempt} has no sheet"
    return sheet


def sheet_for(work: Work, row: Row[Any], who: str, now: datetime) -> Sheet:
    """The sheet of an attempt; calls that were taken before there were sheets get theirs now."""
    if sheets.of_attempt(work, row.id) is None:
        sheets.begin(work, row.id, row.touch_id, who, now)
    return must(work, row.id)


def write(
    work: Work,
    sheet: Sheet,
    note: str | None,
    answers: Mapping[str, Any] | None,
    sentiment: str | None,
    *,
    note_is_whole: bool = False,
) -> Sheet:
    """Put down what was typed; None leaves what is there, and an empty answer takes an earlier one away.

    note_is_whole: an empty note takes an earlier one away, too.
    """
    values: dict[str, Any] = {}
    if note or (note_is_whole and note is not None):
        values["note"] = typed.storable(note)[: typed.MOST]
    if answers:
        said = {
            typed.storable(str(k))[:MOST_NAME]: typed.storable(typed.written(v))[: typed.MOST + 1] for k, v in answers.items()
        }
        kept = {k: v for k, v in {**sheet.answers, **said}.items() if v.strip()}
        values["answers"] = dict(list(kept.items())[:MOST_ANSWERS])
    if sentiment in ("good", "neutral", "bad"):
        values["sentiment"] = sentiment
    sheets.change(work, sheet.attempt_id, **values)
    return must(work, sheet.attempt_id)


def keep(
    work: Work,
    touch: UUID,
    who: str,
    note: str | None,
    answers: Mapping[str, Any] | None,
    sentiment: str | None,
    *,
    note_is_whole: bool = False,
) -> None:
    """Keep what somebody typed about a call that they do not have any more, on their own last sheet of it."""
    theirs = sheets.newest(work, touch, who)
    if theirs is not None and theirs.phase != "filed" and not erasure.is_about_erased(work, touch):
        write(work, theirs, note, answers, sentiment, note_is_whole=note_is_whole)


def add_note(work: Work, touch: UUID, who: str, note: str) -> None:
    """Keep what somebody noted who has said already how the call ended: beside what stands there."""
    theirs = sheets.newest(work, touch, who)
    note = typed.storable(note).strip()
    if theirs is None or not note or note in theirs.note or erasure.is_about_erased(work, touch):
        return
    whole = note if theirs.note.strip() in note else f"{theirs.note}\n\n{note}"  # written on, or something else
    sheets.change(work, theirs.attempt_id, note=whole[: typed.MOST])
