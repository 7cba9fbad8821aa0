"""Whatever is out of reach has a finding that says why, and nothing else has one of that kind."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.core.house import House
from orchestrator.language.design import load_design
from orchestrator.lint.outcomes import dead_outcomes
from orchestrator.lint.reachable import unreachable
from orchestrator.lint.subject import Subject
from orchestrator.lint.waits import not_a_wait
from tests.lint.generated import designs


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(designs(), st.sampled_from(["quote.viewed", "quote.sent", "quote.accepted"]))
def test_a_step_out_of_reach_is_explained_and_only_such(files: dict[str, str], awaited: str) -> None:
    text = files["made-up.yaml"].replace('wait_for: "quote.viewed"', f'wait_for: "{awaited}"')
    design = load_design({**files, "made-up.yaml": text})
    (source,) = design.playbooks.values()
    subject = Subject(design, source, House.of(design.house_rules))
    dead = [node for node in source.compiled.places if node not in subject.paths.nodes]
    never_made = [node.id for node in subject.touches if node.id not in subject.paths.contacts]

    found = [*unreachable(subject), *dead_outcomes(subject), *not_a_wait(subject)]

    assert bool(found) or not (dead or never_made), (dead, never_made)
    for finding in found:
        if finding.code == "TP101":
            assert dead or never_made or not subject.paths.starts
