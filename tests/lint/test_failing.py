"""A check that fails is a finding which says so; everything else is still found, and nothing can be published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from orchestrator.language.design import Design, load_design
from orchestrator.lint.finding import Finding
from orchestrator.lint.lint import lint
from orchestrator.lint.registry import PER_PLAYBOOK, TOGETHER
from orchestrator.lint.subject import Subject
from tests.lint.designs import files, planted


def falls_over(subject: Subject) -> Iterator[Finding]:
    yield subject.finding("TP302", "the first thing it saw")
    raise KeyError("a name of a customer")


def never_ends(design: Design, subjects: Mapping[str, Subject]) -> Iterator[Finding]:
    raise RecursionError


DESIGN = load_design(files(planted("12-nothing-ends-it.yaml")))


def test_a_check_that_fails_is_named_and_the_others_go_on() -> None:
    usual = lint(DESIGN)

    found = lint(DESIGN, per_playbook=(falls_over, *PER_PLAYBOOK), together=(never_ends, *TOGETHER))

    assert set(usual) < set(found)
    failed = {(f.severity, f.file, f.playbook): f.message for f in found if f.code == "TP901"}
    assert set(failed) == {("error", "nothing-ends-it.yaml", "nothing-ends-it"), ("error", "lifecycle.yaml", "")}
    assert "'falls_over' failed (KeyError)" in failed["error", "nothing-ends-it.yaml", "nothing-ends-it"]
    assert "a name of a customer" not in str(found), "what the fault says may be anybody's words"
    assert "the first thing it saw" in str(found)


def test_only_what_concerns_one_playbook_can_be_asked_for() -> None:
    other = planted("12-nothing-ends-it.yaml").replace("playbook: nothing-ends-it", "playbook: other")
    both = load_design({**files(planted("12-nothing-ends-it.yaml")), "other.yaml": other})

    assert {f.playbook for f in lint(both)} >= {"nothing-ends-it", "other"}
    assert lint(both, ["other"]) == [f for f in lint(both) if not f.playbook or f.is_about("other")]
    assert "TP601" in {f.code for f in lint(both, ["other"]) if f.playbook == "nothing-ends-it"}, "it is about both of them"
