"""What loading refuses, as findings: each Problem gets the code of its kind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from orchestrator.errors import Problem
from orchestrator.language.design import HOUSE_RULES, Design
from orchestrator.language.rehearsal import FOLDER
from orchestrator.lint.finding import Finding
from orchestrator.lint.outline import way_to

# The first that fits. Problems are sentences for people; these are the words that all of one kind have.
_KINDS = tuple(
    (re.compile(pattern), code)
    for pattern, code in (
        (r"^'within' is missing", "TP010"),
        (r"\{%|\{\{", "TP013"),
        (r"'again' |has no 'attempts'|has no 'repeat'|means that the tries are used up", "TP009"),
        (r"ever reached|is never reached", "TP008"),
        (r"cannot end with", "TP011"),
        (r"starts the playbook and stops it", "TP015"),
        (r"may be missing", "TP007"),
        (r"the condition|not yes or no|there is no function|this is never missing|does not go with|nothing inside that could be named"
         r"|is not used in conditions|a bracket is opened|stops too early|compares nothing|does not belong here"
         r"|cannot be read as a condition", "TP006"),
        (r"there is no file|nothing reads|^there is no \S+\.yaml|is in the file|is built in|not UTF-8|cannot be read: ", "TP012"),
        (r"needs a queue|there is no queue|has no queue", "TP016"),
        (r"connects to nobody|promises a call back|recorded messages are not allowed|would be read out loud|^the call has", "TP014"),
        (r"^there is no (event|stage|contact window|holiday calendar|disposition|question)|is not known( in playbook .*)?$"
         r"|no time zone is called|no country is called|there is no contact window", "TP005"),
        (r"not YAML|comes twice|invisible character|there is a tab|anchors|aliases|tags \(|several documents|is larger than"
         r"|file is empty|consist of lines|a line without|second ': '|not where it belongs|never closed|not closed|cannot start with"
         r"|levels inside|more than .* values|must be one word|a key is missing|lines that start with %", "TP002"),
        (r" is missing$|is not known here|says nothing for|needs exactly one|there are two touchpoints|has a meaning of its own|is only a number"
         r"|not both|is for |says its length itself|a step cannot start|this is no step|every customer has", "TP003"),
        (r"template|would print as|has no time of day|the file says nothing|filter|tag|characters|is asked twice|is no choice"
         r"|has a meaning already|does not begin with its|a choice needs|choices are for|a recording needs|cannot mean|both mean", "TP013"),
        (r"is not possible here|does not fit|is too (small|large|long|short)|has no value|is empty|is not an? |add up to|is no "
         r"|names no days|runs backwards|longer than|is a \S+, not a |is not ", "TP004"),
    )
)  # fmt: skip
_OF_ANY_YAML = ("TP002", "TP003", "TP004", "TP012")  # the other kinds are of playbooks and words


def as_findings(problems: Iterable[Problem], files: Mapping[str, str] = MappingProxyType({})) -> Iterator[Finding]:
    """Problems of loading as findings: errors all of them. files: what was loaded, to show the way to the step in question."""
    for p in problems:
        path = way_to(p, files)
        yield Finding(code_of(p), "error", p.place, max(p.line, 1), max(p.column, 1), p.problem, path, p.hint, _playbook(p.place))


def of_the_house(problems: Iterable[Problem], design: Design) -> Iterator[Finding]:
    """What core/house.py refuses, at its place in house-rules.yaml."""
    for p in problems:
        loc = tuple(int(part) if part.isdigit() else part for part in p.place.split("."))
        line, column = design.sources[HOUSE_RULES].place(loc)
        yield Finding(code_of(p), "error", HOUSE_RULES, line, column, p.problem, "", p.hint)


def code_of(problem: Problem) -> str:
    """The code of what is wrong; of no kind of its own it is TP013 in a word file, TP017 in a rehearsal and TP001 elsewhere."""
    of_rehearsal = problem.place.startswith(f"{FOLDER}/")
    other = "TP017" if of_rehearsal else "TP013" if "/" in problem.place else "TP001"
    code = next((code for pattern, code in _KINDS if pattern.search(problem.problem)), other)
    return other if of_rehearsal and code not in _OF_ANY_YAML else code


def _playbook(place: str) -> str:
    name = place.removesuffix(".yaml")
    return name if name != place and "/" not in name and name not in ("lifecycle", "house-rules") else ""
