"""Templates: Liquid, with values as data. What a customer is called is never read as template, Markdown or a header line.

A printed value that is missing or empty means that nothing is said at all: MissingValue (promise 12). Authors guard what may be
missing: `{{ customer.first_name | default: "there" }}` or `{% if event.note %}{{ event.note }}{% endif %}`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TextIO

from liquid import Environment, RenderContext
from liquid.ast import Node
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import FilteredExpression, Path, PositionalArgument, StringLiteral, parse_identifier
from liquid.builtin.output import Output, OutputNode
from liquid.builtin.tags.if_tag import IfTag
from liquid.builtin.tags.unless_tag import UnlessTag
from liquid.exceptions import LiquidError, LiquidInterrupt, LiquidSyntaxError, OutputStreamLimitError
from liquid.expression import Expression
from liquid.mode import Mode
from liquid.stream import TokenStream
from liquid.tag import Tag
from liquid.token import TOKEN_TAG
from liquid.undefined import UNDEFINED

from orchestrator.errors import PlaybookError, Problem, TouchpointError, did_you_mean
from orchestrator.language.asking import AskNode, Compared, Placed, compared, placed
from orchestrator.language.filters import filters
from orchestrator.language.merge_fields import Use, always_says, uses

Style = Literal["plain", "line", "markdown"]  # line: one line only, such as a subject; markdown: values print literally in it
ASK = "ask"  # `{% ask feeling %}`: where a script places one of its questions; words.py refuses it elsewhere
TAGS = ("if", "unless", "case", "for", "break", "continue", "assign", "comment", "#")
MOST_TEMPLATE = 20_000  # characters
MOST_TAGS, MOST_TAG = 500, 1_000  # of {{ }} and {% %} in a text, and of characters in one

_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)  # also what turns the reading direction
_BREAKS = re.compile("[\t\n\x0b\x0c\r\x1c-\x1e\x85\u2028\u2029]+")
_MARKDOWN = re.compile(r"([\\`*_\[\]()<>&!|~{}\"])")
_OPENS = re.compile(r"\{[{%]")
_MARKDOWN_START = re.compile(r"^(\s*)(?:([-+#=.])|(\d+)([.)]))", re.MULTILINE)


class CannotSay(TouchpointError):
    """The words cannot be said with these facts; nothing is sent."""


class MissingValue(CannotSay):
    """A value that the words print is missing or empty."""

    def __init__(self, name: str, where: str) -> None:
        self.name = name
        super().__init__(f"{where} prints {name}, which is missing")


@dataclass(frozen=True, slots=True)
class Template:
    """A checked template."""

    name: str
    path: str
    line: int  # of the file, on which it begins
    column: int
    text: str
    uses: tuple[Use, ...] = field(repr=False)
    asks: tuple[Placed, ...] = field(repr=False)  # the questions that a script places
    compares: tuple[Compared, ...] = field(repr=False)
    _pieces: Sequence[str | Node] = field(repr=False)  # what stands there as it is, and what the engine evaluates
    _bound: Any = field(repr=False)
    _most: int

    def place(self, at: int) -> tuple[int, int]:
        """Line and column in the file of an index in the text."""
        return _place(self.text, at, self.line, self.column)

    @property
    def names(self) -> frozenset[str]:
        """Every dotted name that it looks at."""
        return frozenset(use.name for use in self.uses if use.name)

    @property
    def prints(self) -> frozenset[str]:
        """The dotted names that it prints without a guard."""
        return frozenset(use.name for use in self.uses if use.name and use.printed and not use.guarded)

    def always_says(self, text: Callable[[str], bool], name: str = "") -> bool:
        """Whether every customer reads a text like that, or this value, whatever else is known: see merge_fields.always_says."""
        return always_says(self._bound.nodes, text, name)

    def render(self, facts: Mapping[str, object]) -> str:
        """The text for one customer; facts: nested, {"event": {...}, "customer": {...}}. Raises CannotSay."""
        if "{" not in self.text:
            return self.text
        context = _Context(self._bound, globals=facts)
        buffer: Any = _Buffer(self._most)
        try:
            for piece in self._pieces:
                if isinstance(piece, str):
                    buffer.write(piece)
                else:
                    piece.render_to_output(context, buffer)
        except LiquidError as wrong:
            raise CannotSay(f"{self.path} cannot be said: {wrong.message}") from None
        except LiquidInterrupt:
            pass  # a break outside a loop ends the text
        except (ArithmeticError, ValueError, TypeError, AttributeError) as wrong:
            # Filters of the engine let these through, e.g. `times` with an infinite number.
            raise CannotSay(f"{self.path} cannot be said: {type(wrong).__name__}") from None
        return "".join(buffer.parts)


def compile_template(
    text: str, name: str, path: str, line: int = 1, column: int = 1, *, style: Style = "plain", most: int = 20_000
) -> Template:
    """The template, parsed; raises PlaybookError with the place in the file.

    line, column: of the file, where the text begins. most: characters that it may print. Names are checked by `check_names`.
    """
    if len(text) > MOST_TEMPLATE:
        raise PlaybookError(Problem(f"the text is longer than {MOST_TEMPLATE:,} characters", "shorten it", path, line, column))
    if wrong_tag := _wrong_tag(text):
        problem, hint, at = wrong_tag
        raise PlaybookError(Problem(problem, hint, path, *_place(text, at, line, column)))
    environment = _environment(style)
    try:
        bound = environment.from_string(text, name=path)
    except LiquidError as wrong:
        at = wrong.token.start_index if wrong.token and wrong.token.start_index >= 0 else _unclosed(text)
        raise PlaybookError(Problem(*_words(str(wrong.message)), path, *_place(text, at, line, column))) from None
    found = tuple(uses(bound.nodes))
    unknown = {(name, at) for use in found for name, at in use.filters if name not in environment.filters}
    if unknown:
        places = ((Problem(*_unknown_filter(n, environment), path, *_place(text, at, line, column))) for n, at in sorted(unknown))
        raise PlaybookError(places)
    pieces = [str(node.text) if isinstance(node, ContentNode) else node for node in bound.nodes]
    asks = tuple(placed(bound.nodes))
    return Template(name, path, line, column, text, found, asks, tuple(compared(bound.nodes)), pieces, bound, most)


def _wrong_tag(text: str) -> tuple[str, str, int] | None:
    """What the engine would need many seconds for: its expressions go over the rest of the text for each tag that has no end."""
    at, count = 0, 0
    while found := _OPENS.search(text, at):
        count += 1
        end = text.find("}}" if found[0] == "{{" else "%}", found.end())
        if end < 0:
            return *_NEVER_CLOSED, found.start()
        if end - found.end() > MOST_TAG:
            return f"this is longer than {MOST_TAG:,} characters", "is a }} or %} missing?", found.start()
        if count > MOST_TAGS:
            return f"there are more than {MOST_TAGS} {{{{ }}}} and {{% %}}", "shorten it", found.start()
        at = end + 2
    return None


def _place(text: str, at: int, line: int, column: int) -> tuple[int, int]:
    at = min(max(at, 0), len(text))
    below = text.count("\n", 0, at)
    return line + below, at - (text.rfind("\n", 0, at) + 1) + (1 if below else column)


def _unclosed(text: str) -> int:
    """Where the tag begins that has no end; the engine only knows that the text is over."""
    open_: list[int] = []
    for found in re.finditer(r"{%-?\s*(end)?(if|unless|case|for|comment)\b", text):
        if not found[1]:
            open_.append(found.start())
        elif open_:
            open_.pop()
    return open_[-1] if open_ else 0


def _unknown_filter(name: str, environment: Environment) -> tuple[str, str]:
    hint = "write '| day' or '| clock'" if name == "date" else did_you_mean(name, environment.filters)
    return f"there is no filter '{name}'", hint


def _words(said: str) -> tuple[str, str]:
    """Problem and hint for what the engine says."""
    if found := re.search(r"(?:unexpected|unknown) tag '(.*?)'", said):
        if found[1] == "endask":
            return "'{% endask %}' is not used here", "{% ask NAME %} has no end"
        if found[1] in _OTHER_TAGS:
            return f"'{{% {found[1]} %}}' is not used here", f"there are {', '.join(TAGS)}"
        return f"there is no '{{% {found[1]} %}}' here", did_you_mean(found[1], [*TAGS, "else", "elsif", "endif", "endfor"])
    if found := re.search(r"expected tag (\w+), found", said):
        return f"'{{% {found[1]} %}}' is missing", "each if, unless, case and for has its end"
    if "'}}'" in said or "'%}'" in said:
        return _NEVER_CLOSED
    return f"this cannot be read: {said}", "values stand in {{ }}, tags such as if and endif in {% %}"


_NEVER_CLOSED = ("{{ or {% is opened and never closed", "values stand in {{ }}, tags such as if and endif in {% %}")
_OTHER_TAGS = frozenset(
    ("include", "render", "capture", "cycle", "echo", "increment", "decrement", "liquid", "tablerow", "ifchanged", "doc", "raw")
)


class _Buffer:
    """Where the engine writes: all that it asks of a stream, at a third of the price."""

    __slots__ = ("left", "parts")

    def __init__(self, most: int) -> None:
        self.left = most
        self.parts: list[str] = []

    def write(self, text: str) -> int:
        self.left -= len(text)
        if self.left < 0:
            raise OutputStreamLimitError("it becomes too long", token=None)
        self.parts.append(text)
        return len(text)


class _Context(RenderContext):
    """Looks names up; an empty text is as good as none, so that `if` and `default` see it that way."""

    __slots__ = ()

    def get(self, path: list[object], *, token: Any, default: object = UNDEFINED) -> object:
        match path:
            case [str(group), str(name)] if isinstance(values := self.globals.get(group), dict):  # nearly always: event.amount
                found = values.get(name)
            case _:
                found = super().get(path, token=token, default=None)
        return None if found == "" else found


class _Print(OutputNode):
    """`{{ … }}`: refuses to print nothing, and prints values as data."""

    __slots__ = ("applied", "data", "first", "instead", "left", "may_be_empty", "second")

    def __init__(self, token: Any, expression: Any, environment: _Environment) -> None:
        super().__init__(token, expression)
        self.data = environment.data
        self.left: Expression = expression.left
        # function, what the engine hands it besides ("context" is filled in), its arguments; None: the engine does it (default)
        self.applied: list[tuple[Any, dict[str, Any], list[Expression]]] | None = []
        self.may_be_empty = False
        self.instead: str | None = None  # of a plain `| default: "there"`, which needs no engine
        self.first = self.second = ""
        for filter_ in expression.filters or ():
            function = environment.filters.get(filter_.name)
            values = [a.value for a in filter_.args]
            if filter_.name == "default":
                self.applied = None
                self.may_be_empty = any(str(value) in ("''", '""') for value in values)
            elif self.applied is not None and function and all(isinstance(a, PositionalArgument) for a in filter_.args):
                besides: dict[str, Any] = {"context": None} if getattr(function, "with_context", False) else {}
                if getattr(function, "with_environment", False):
                    besides["environment"] = environment
                self.applied.append((function, besides, values))
            else:
                self.applied = None
        if isinstance(self.left, Path) and len(self.left.path) == 2 and all(isinstance(p, str) for p in self.left.path):
            self.first, self.second = str(self.left.path[0]), str(self.left.path[1])

        only: list[Any] = list(expression.filters or ())
        if self.first and len(only) == 1 and only[0].name == "default" and len(only[0].args) == 1:
            literal = only[0].args[0]
            if isinstance(literal, PositionalArgument) and isinstance(literal.value, StringLiteral):
                self.instead = str(literal.value.value)

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        group: Any = context.globals.get(self.first)
        if self.instead is not None and group is not None:
            value = group.get(self.second)
            text = self.instead if value is None or value is False or value in ("", [], {}) else _shown(value)
            return self._written(text, buffer, context)
        value = self.expression.evaluate(context) if self.applied is None else self._value(context)
        return self._written(value if type(value) is str else _shown(value), buffer, context)

    def _written(self, text: str, buffer: TextIO, context: RenderContext) -> int:
        if not text or text.isspace():
            if self.may_be_empty:
                return 0
            raise MissingValue(str(self.left), str(context.template.name))
        return buffer.write(self.data(text))

    def _value(self, context: RenderContext) -> object:
        """The value with its filters; MissingValue as soon as one that goes into it is missing."""
        # Names given from outside cannot be hidden by the template's own: see merge_fields.
        group: Any = context.globals.get(self.first)
        value = self.left.evaluate(context) if group is None else group.get(self.second)
        if value is None or value == "":
            raise MissingValue(str(self.left), str(context.template.name))
        for function, besides, arguments in self.applied or ():
            given = [argument.evaluate(context) for argument in arguments]
            for argument, one in zip(arguments, given, strict=True):
                if one is None and isinstance(argument, Path):
                    raise MissingValue(str(argument), str(context.template.name))
            if besides:
                besides = {**besides, "context": context} if "context" in besides else besides
                value = function(value, *given, **besides)
            else:
                value = function(value, *given)
        return value


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, list | tuple):
        return ", ".join(_shown(entry) for entry in value)
    return str(value)


class _PrintTag(Output):
    env: _Environment

    def parse(self, stream: TokenStream) -> OutputNode:
        node = super().parse(stream)
        if not isinstance(node.expression, FilteredExpression):
            raise LiquidSyntaxError("only a value and its filters can be printed", token=node.token)
        return _Print(node.token, node.expression, self.env)


class _AskTag(Tag):
    """`{% ask feeling %}`."""

    name = ASK
    block = False

    def parse(self, stream: TokenStream) -> AskNode:
        token = stream.eat(TOKEN_TAG)
        name = parse_identifier(self.env, stream.into_inner(tag=token, eat=False))
        return AskNode(token, str(name))


class _StrictIf(IfTag):
    mode = Mode.STRICT


class _StrictUnless(UnlessTag):
    mode = Mode.STRICT


class _Environment(Environment):
    """The engine with its limits. The output's own limit is the template's."""

    context_depth_limit = 20
    block_nesting_limit = 20
    loop_iteration_limit = 1_000
    local_namespace_limit = 20_000

    def __init__(self, style: Style) -> None:
        super().__init__(tolerance=Mode.STRICT)
        self.filters = filters(self.filters)
        kept = {name: self.tags[name] for name in (*TAGS, "content", "illegal") if name in self.tags}
        self.tags = kept
        for tag in (_PrintTag, _AskTag, _StrictIf, _StrictUnless):
            self.add_tag(tag)
        self.data = {"plain": _plain, "line": _line, "markdown": _markdown}[style]


@functools.cache
def _environment(style: Style) -> _Environment:
    return _Environment(style)


def _plain(text: str) -> str:
    return text if text.isprintable() else _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _line(text: str) -> str:
    """In one line: a line break in a subject would begin a new header."""
    return text if text.isprintable() else _CONTROLS.sub("", _BREAKS.sub(" ", text))


def escaped(text: str) -> str:
    """A text that Markdown prints as it is."""
    return _markdown(text)


def _markdown(text: str) -> str:
    """With backslashes before everything that Markdown would read as its own."""
    if text.isalpha():  # most names, and the two searches below cost more than the rest of the line
        return text
    text = _MARKDOWN.sub(r"\\\1", _plain(text))
    return _MARKDOWN_START.sub(lambda m: f"{m[1]}{m[3] or ''}\\{m[2] or m[4]}", text)
