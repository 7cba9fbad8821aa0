"""A draft is looked at beside the playbooks that it will run with: what only shows when two of them meet is said in the editor of either."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from orchestrator.lint.finding import Finding
from orchestrator.studio.draft import draft, together
from orchestrator.studio.folder import Folder

PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"
FILES = Folder(PLAYBOOKS).files()
OLD, NEW = "quote-follow-up", "quote-promo"
PROMO = f"""\
playbook: {NEW}
title: A second look at the quote
stage: quote
owner: sales
starts_on: quote.sent
stops_on: {{quote.accepted: goal}}
gives_up_after: 30 days
steps:
  - touchpoint: promo
    after: 1 hour
    email: quote-thanks
"""
BOTH = {**FILES, f"{NEW}.yaml": PROMO}
ASKS = "visit-hows-it-going.yaml"  # the only one whose e-mail asks a question
SURVEY = "  - wait_for: survey.answered\n    within: 5 days\n"


def codes(found: Sequence[Finding], name: str) -> set[str]:
    return {finding.code for finding in found if finding.is_about(name)}


def test_the_editors_of_both_say_that_their_playbooks_meet() -> None:
    everywhere = together(BOTH)

    for name in (OLD, NEW):
        said = draft(BOTH, name).findings
        assert "TP601" in codes(said, name)
        assert codes(everywhere, name) <= codes(said, name)


def test_events_that_another_playbook_uses_are_not_called_unused() -> None:
    assert [finding for finding in draft(BOTH, NEW).findings if finding.code == "TP232"] == []


def test_what_two_other_playbooks_are_to_each_other_is_not_said_here() -> None:
    assert all(finding.is_about("visit-reminder") for finding in draft(BOTH, "visit-reminder").findings)


def test_a_playbook_that_cannot_be_read_is_no_reason_to_say_that_an_event_never_comes() -> None:
    files = {**BOTH, f"{NEW}.yaml": PROMO + SURVEY}
    assert "TP231" not in codes(draft(files, NEW).findings, NEW), "the visit's e-mail asks the question"
    assert "TP231" in codes(draft({p: t for p, t in files.items() if p != ASKS}, NEW).findings, NEW)

    files[ASKS] = "playbook: [broken"

    assert draft(files, NEW).loads
    assert "TP231" not in codes(draft(files, NEW).findings, NEW)


def test_a_house_that_cannot_be_is_said_in_every_editor() -> None:
    files = {**FILES, "house-rules.yaml": FILES["house-rules.yaml"].replace("America/Denver", "America/Denvr")}

    for soon in (False, True):
        assert {finding.file for finding in draft(files, OLD, soon=soon).findings} == {"house-rules.yaml"}
        assert {finding.file for finding in draft(files, "house-rules", soon=soon).findings} == {"house-rules.yaml"}


def test_while_somebody_types_a_playbook_s_own_mistakes_come_at_once_whatever_else_there_is() -> None:
    many = {f"{OLD}-{n}.yaml": FILES[f"{OLD}.yaml"].replace(f"playbook: {OLD}", f"playbook: {OLD}-{n}") for n in range(44)}
    files = {**FILES, **many}
    draft(files, OLD, soon=True)
    took = []
    for minutes in range(11, 22):
        files[f"{OLD}.yaml"] = FILES[f"{OLD}.yaml"].replace("after: 10 minutes", f"after: {minutes} minutes")
        before = time.process_time()
        said = draft(files, OLD, soon=True)
        took.append(time.process_time() - before)
        assert said.loads

    print(f"p50 {statistics.median(took) * 1000:.0f} ms, most {max(took) * 1000:.0f} ms")
    assert statistics.median(took) < 0.1, "0.03 s measured; the page asks 0.12 s after the last key, and 0.3 s is promised"


def test_a_rehearsal_that_cannot_be_played_is_said_where_it_stands() -> None:
    path = f"rehearsals/{OLD}.yaml"
    files = {**FILES, path: FILES[path].replace("event: quote.sent", "event: quote.snt", 1)}

    (finding,) = draft(files, OLD).findings

    assert (finding.code, finding.file, finding.severity, finding.playbook) == ("TP017", path, "error", OLD)
    assert "quote.snt" in files[path].splitlines()[finding.line - 1]
    assert "quote.sent" in finding.fix


def test_a_rehearsal_beside_a_playbook_that_cannot_be_read_is_not_called_wrong_for_it() -> None:
    path = f"rehearsals/{OLD}.yaml"
    beside = FILES[path].replace(f"playbook: {OLD}\n", f"playbook: {OLD}\nbeside: [visit-reminder]\n")
    files = {**FILES, path: beside, "visit-reminder.yaml": "playbook: [broken"}

    assert [finding for finding in draft(files, OLD).findings if finding.file == path] == []
    del files["visit-reminder.yaml"]
    assert {finding.code for finding in draft(files, OLD).findings if finding.file == path} == {"TP017"}
