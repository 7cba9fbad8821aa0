"""Scripts that leave staff without words for an ending that their step handles."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.core.planner import edge_of
from orchestrator.language.fronts import SPECIAL, ScriptWords
from orchestrator.language.program import AGAIN
from orchestrator.language.words import Words
from orchestrator.lint.finding import Finding
from orchestrator.lint.subject import Subject


def uncovered(subject: Subject) -> Iterator[Finding]:
    """Outcomes of calls for which the script has nothing to say, or nowhere to note what the next step needs."""
    for node in subject.touches:
        words = subject.words(node)
        if node.channel != "call" or words is None or not isinstance(words.front, ScriptWords):
            continue
        kinds = {question.kind for question in words.questions.values()}
        missing = {
            "voicemail_left": "" if _speaks_to_machines(words, words.front) else "no words for a voicemail",
            "commitment_made": "" if kinds & {"commitment", "date", "text"} else "no question in which to note what was promised",
            "completed_concern": "" if kinds else "no question in which to note the concern",
        }
        fixes = {
            "voicemail_left": f"write a part '## {SPECIAL['voicemail']}', or voicemail: … above",
            "commitment_made": "add e.g. questions: {promise: {ask: What did you promise?, kind: commitment}}",
            "completed_concern": "add e.g. questions: {concern: {ask: What bothers them?}}",
        }
        named = subject.steps[node.id].outcomes
        handled = [outcome for outcome in missing if outcome in named]
        if "voicemail_left" not in named and edge_of(node, "voicemail_left").startswith(AGAIN):
            handled.append("voicemail_left")  # without a word: a machine leads to the next try
        for outcome in handled:
            if lacks := missing[outcome]:
                message = f"'{node.id}' handles '{outcome}', and {words.path} has {lacks}"
                way = subject.paths.to(node.id, outcome)
                keys = ("outcomes", outcome) if outcome in named else ("attempts",)
                yield subject.finding("TP221", message, node.id, *keys, key=True, path=way, fix=fixes[outcome])


def _speaks_to_machines(words: Words, front: ScriptWords) -> bool:
    heading = front.sections.get("voicemail", SPECIAL["voicemail"])
    return "voicemail" in words.lines or any(
        line.lstrip("#").strip().casefold() == heading.casefold() for line in words.body.text.splitlines() if line.startswith("#")
    )
