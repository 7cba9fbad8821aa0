"""`{% ask feeling %}` in scripts: the node of the template, and what is wrong with questions and conditions on their answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from liquid import RenderContext
from liquid.ast import Node
from liquid.builtin.expressions import Path, StringLiteral
from liquid.builtin.expressions.logical import EqExpression, NeExpression
from liquid.builtin.tags.case_tag import CaseNode, MultiExpressionBlockNode
from liquid.expression import Expression

from orchestrator.errors import Problem, did_you_mean
from orchestrator.language.fronts import Front, ScriptWords

if TYPE_CHECKING:
    from orchestrator.language.templates import Template


class AskNode(Node):
    """Leaves a mark in a paragraph of its own, which language/script.py finds again."""

    __slots__ = ("question",)

    def __init__(self, token: Any, question: str) -> None:
        super().__init__(token)
        self.question = question
        self.blank = False  # an `if` that holds nothing else says something all the same

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        return buffer.write(f"\n\n[ask:{self.question}]\n\n")


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a script places one of its questions."""

    name: str
    at: int  # index in the template's text
    sometimes: bool  # it stands inside an `if` or the like


@dataclass(frozen=True, slots=True)
class Compared:
    """An answer that is compared with a text: `answers.feeling == "good"`."""

    name: str  # "feeling"
    text: str
    at: int  # index in the template's text


def placed(nodes: Iterable[Node], *, sometimes: bool = False) -> Iterator[Placed]:
    """The questions that a template places."""
    for node in nodes:
        if isinstance(node, AskNode):
            yield Placed(node.question, node.token.start_index, sometimes)
        yield from placed(_inner(node), sometimes=True)


def compared(nodes: Iterable[Node]) -> Iterator[Compared]:
    """The answers that a template compares with texts."""
    for node in nodes:
        if isinstance(node, CaseNode):
            for block in node.blocks:
                for any_of in block.expressions() if isinstance(block, MultiExpressionBlockNode) else ():
                    for one in any_of.children():
                        yield from _pair(node.expression, one)
        else:
            for expression in node.expressions():
                yield from _within(expression)
        yield from compared(_inner(node))


def _inner(node: Node) -> Iterable[Node]:
    return node.children(None, include_partials=False)  # type: ignore[arg-type]  # none of the tags we allow looks at the context


def _within(expression: Expression) -> Iterator[Compared]:
    if isinstance(expression, EqExpression | NeExpression):
        yield from _pair(expression.left, expression.right)
    for child in expression.children():
        yield from _within(child)


def _pair(left: Expression, right: Expression) -> Iterator[Compared]:
    for path, text in ((left, right), (right, left)):
        if isinstance(path, Path) and isinstance(text, StringLiteral) and len(path.path) == 2 and path.path[0] == "answers":
            yield Compared(str(path.path[1]), str(text.value), path.token.start_index)


def check_script(front: Front, body: Template, path: str) -> list[Problem]:
    """What is wrong with the questions that the words place, and with what they compare answers with."""
    if not isinstance(front, ScriptWords):
        hint = "an e-mail asks by its survey"
        return [Problem("'{% ask %}' is for scripts", hint, path, *body.place(ask.at)) for ask in body.asks]
    problems = []
    for index, ask in enumerate(body.asks):
        others = [other for other in body.asks[:index] if other.name == ask.name]
        if ask.name not in front.questions:
            hint = (
                did_you_mean(ask.name, front.questions)
                if front.questions
                else f"write questions: {{{ask.name}: {{ask: …}}}} above"
            )
            problems.append(Problem(f"there is no question '{ask.name}'", hint, path, *body.place(ask.at)))
        elif not all(one.sometimes for one in (ask, *others)) and others:
            hint = "one place is enough, or one inside each of several 'if'"
            problems.append(Problem(f"'{ask.name}' is asked twice", hint, path, *body.place(ask.at)))
    for one in body.compares:
        question = front.questions.get(one.name)  # the answers of other scripts are checked by name only: compile.py
        if question is not None and question.kind == "choice" and one.text not in question.choices:
            problem = f"'{one.text}' is no choice of '{one.name}'"
            problems.append(Problem(problem, did_you_mean(one.text, question.choices), path, *body.place(one.at)))
    return problems
