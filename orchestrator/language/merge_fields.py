"""Which values a template looks at and prints, and whether they are declared: read from the parsed template, nothing is run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from liquid.ast import BlockNode, ConditionalBlockNode, Node
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import FilteredExpression, Path
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.assign_tag import AssignNode
from liquid.builtin.tags.case_tag import CaseNode
from liquid.builtin.tags.for_tag import BreakNode, ContinueNode, ForNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.builtin.tags.unless_tag import UnlessNode
from liquid.expression import Expression

from orchestrator.errors import Problem
from orchestrator.language.lifecycle import FieldType
from orchestrator.language.names import which_name

if TYPE_CHECKING:
    from orchestrator.language.templates import Template

_STILL_SAID = frozenset({"upcase", "downcase", "capitalize", "strip", "append", "prepend"})  # filters that leave the words there


@dataclass(frozen=True, slots=True)
class Use:
    """One place where a template looks at a value."""

    name: str  # dotted, "event.amount"; "" when it is only a filter or tag that is recorded
    at: int  # index in the template's text
    printed: bool
    guarded: bool  # it has a default, or stands inside an `if` that tests it
    filters: tuple[tuple[str, int], ...] = ()  # names and places of the filters that follow
    local: str = ""  # a name of the template's own that is set here, by assign or for


def uses(nodes: Iterable[Node]) -> Iterator[Use]:
    """Every look at a value in the template, in order."""
    yield from _walk(nodes, frozenset(), frozenset(_locals(nodes)))


def always_says(nodes: Iterable[Node], text: Callable[[str], bool], name: str) -> bool:
    """Whether this text or value is said whatever is known: outside of conditions, loops, comments and defaults.

    Of an `if` with `else` every branch must say it. What comes after a `break` may never be reached.
    """
    for node in nodes:
        match node:
            case ContentNode():
                said = text(str(node.text))
            case OutputNode(expression=FilteredExpression(left=Path() as left, filters=applied)):
                said = {f.name for f in applied or ()} <= _STILL_SAID and _names(left, frozenset()) == {name}
            case IfNode() | UnlessNode():
                branches = [node.consequence, *(other.block for other in node.alternatives), node.default]
                said = all(branch is not None and always_says(branch.nodes, text, name) for branch in branches)
            case _:
                said = False
        if said:
            return True
        if _may_end(node):
            return False
    return False


def _may_end(node: Node) -> bool:
    """Whether a `break` or `continue` in it may end the text; a loop ends with its own."""
    if isinstance(node, ForNode):
        return node.default is not None and _may_end(node.default)
    return isinstance(node, BreakNode | ContinueNode) or any(_may_end(inner) for inner in _blocks(node))


def _locals(nodes: Iterable[Node]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, AssignNode):
            yield str(node.name)
        elif isinstance(node, ForNode):
            yield from (node.expression.identifier, "forloop")
        yield from _locals(_blocks(node))


def _walk(nodes: Iterable[Node], guards: frozenset[str], local: frozenset[str]) -> Iterator[Use]:
    for node in nodes:
        inner = guards
        match node:
            case OutputNode():
                yield from _printed(node.expression, guards, local)
            case AssignNode():
                yield Use("", node.token.start_index, False, True, local=str(node.name))
                yield from _printed(node.expression, guards, local)
            case ForNode():
                yield Use("", node.token.start_index, False, True, local=node.expression.identifier)
                yield from _printed(node.expression.iterable, guards, local)
                tested = [use for part in node.expression.children() for use in _looked_at(part, local)]
                yield from (use for use in tested if use.name not in _names(node.expression.iterable, local))
            case IfNode() | UnlessNode():
                tested = list(_looked_at(node.condition, local))
                tested += [use for other in node.alternatives for use in _looked_at(other.expression, local)]
                yield from tested
                inner = guards | {use.name for use in tested}
            case CaseNode():
                tested = list(_looked_at(node.expression, local))
                yield from tested
                inner = guards | {use.name for use in tested}
            case BlockNode() | ConditionalBlockNode():
                pass
            case _:
                for expression in node.expressions():
                    yield from _looked_at(expression, local)
        yield from _walk(_blocks(node), inner, local)


def _blocks(node: Node) -> Iterable[Node]:
    return node.children(None, include_partials=False)  # type: ignore[arg-type]  # none of the tags we allow looks at the context


def _printed(expression: Expression, guards: frozenset[str], local: frozenset[str]) -> Iterator[Use]:
    if not isinstance(expression, FilteredExpression):
        for use in _looked_at(expression, local):
            yield Use(use.name, use.at, True, use.name in guards)
        return
    applied = tuple((f.name, f.token.start_index) for f in expression.filters or ())
    has_default = any(name == "default" for name, _ in applied)
    left = list(_looked_at(expression.left, local))
    for use in left:
        yield Use(use.name, use.at, True, has_default or use.name in guards, applied)
    if not left and applied:
        yield Use("", applied[0][1], False, True, applied)
    for filter_ in expression.filters or ():
        for argument in filter_.args:
            for use in _looked_at(argument.value, local):
                yield Use(use.name, use.at, filter_.name != "default", has_default or use.name in guards)


def _looked_at(expression: Expression, local: frozenset[str]) -> Iterator[Use]:
    if isinstance(expression, Path):
        parts: list[Any] = []
        for part in expression.path:
            if not isinstance(part, str):
                break
            parts.append(part)
        at = expression.token.start_index
        if parts and parts[0] not in local:
            yield Use(".".join(parts), at, False, True)
        elif not parts:
            yield Use(str(expression), at, False, True)  # a name that is computed: never declared
    for child in expression.children():
        yield from _looked_at(child, local)


def _names(expression: Expression, local: frozenset[str]) -> set[str]:
    return {use.name for use in _looked_at(expression, local)}


def check_names(
    template: Template, declared: Mapping[str, FieldType], assured: frozenset[str] = frozenset(), playbook: str = ""
) -> list[Problem]:
    """What is wrong with the values a template uses, in one playbook.

    assured: optional names that the step which says these words has tested already.
    """
    problems: list[Problem] = []
    groups = {name.split(".")[0] for name in declared}
    inside = f" in playbook {playbook}" if playbook else ""
    for use in template.uses:
        where = (template.path, *template.place(use.at))
        if use.local in groups:
            problems.append(Problem(f"'{use.local}' has a meaning already", "choose another word", *where))
        if not use.name:
            continue
        known = _declared(use.name, declared)
        if known is None:
            problems.append(Problem(f"'{use.name}' is not known{inside}", which_name(use.name, declared), *where))
            continue
        kind = declared[known]
        if use.printed and not use.guarded and kind.optional and known not in assured:
            hint = f'write {{{{ {known} | default: "…" }}}}, or put it between {{% if {known} %}} and {{% endif %}}'
            problems.append(Problem(f"'{known}' may be missing{inside}", hint, *where))
        if (
            use.printed
            and known == use.name
            and kind.kind in ("time", "date")
            and not {"day", "clock"} & {f for f, _ in use.filters}
        ):
            hint = f"write {{{{ {known} | day }}}}" + (f" or {{{{ {known} | clock }}}}" if kind.kind == "time" else "")
            problems.append(Problem(f"'{known}' would print as computers write a {kind.kind}", hint, *where))
        if kind.kind == "date" and (clock := next((at for f, at in use.filters if f == "clock"), None)) is not None:
            problem = f"'{known}' is a date and has no time of day"
            problems.append(Problem(problem, "write '| day'", template.path, *template.place(clock)))
    return problems


def _declared(name: str, declared: Mapping[str, FieldType]) -> str | None:
    """The declared name that this is, or whose size, first or last it is."""
    if name in declared:
        return name
    front, _, last = name.rpartition(".")
    return front if last in ("size", "first", "last") and front in declared else None
