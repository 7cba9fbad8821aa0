"""The JSON Schemas that editors use say the same as the loader."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from orchestrator.language.schema import SCHEMAS, json_schema
from orchestrator.language.source import read_yaml
from tests.language.test_readme import BLOCKS, channel_of, whole

README = [(block, line) for kind, block, line in BLOCKS if kind == "yaml"]
Schema = Mapping[str, Any]


def fits(value: object, schema: Schema, root: Schema) -> bool:
    """Whether a value is valid, for the part of JSON Schema that pydantic writes. Unknown words are refused."""
    return all(_RULES[word](value, said, schema, root) for word, said in schema.items())


def _type(value: object, said: Any, *_: Schema) -> bool:
    kinds: dict[str, Callable[[object], bool]] = {
        "object": lambda v: isinstance(v, dict),
        "array": lambda v: isinstance(v, list),
        "string": lambda v: isinstance(v, str),
        "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
        "boolean": lambda v: isinstance(v, bool),
        "null": lambda v: v is None,
    }
    return kinds[said](value)


def _properties(value: object, said: Any, _: Schema, root: Schema) -> bool:
    return not isinstance(value, dict) or all(fits(value[k], s, root) for k, s in said.items() if k in value)


def _patterns(value: object, said: Any, _: Schema, root: Schema) -> bool:
    return not isinstance(value, dict) or all(
        fits(v, s, root) for p, s in said.items() for k, v in value.items() if re.search(p, k)
    )


def _others(value: object, said: Any, schema: Schema, root: Schema) -> bool:
    if not isinstance(value, dict):
        return True
    known = [*map(re.escape, schema.get("properties", {})), *schema.get("patternProperties", {})]
    others = [v for k, v in value.items() if not any(re.fullmatch(p.strip("^$"), k) for p in known)]
    return not others if said is False else said is True or all(fits(v, said, root) for v in others)


def _keys(value: object, said: Any, _: Schema, root: Schema) -> bool:
    return not isinstance(value, dict) or all(fits(k, said, root) for k in value)


def _ref(value: object, said: Any, _: Schema, root: Schema) -> bool:
    return fits(value, root["$defs"][said.rpartition("/")[2]], root)


def _number(value: object) -> float:
    return value if isinstance(value, int | float) else 0.0


def _always(*_: object) -> bool:
    return True


_RULES: dict[str, Callable[..., bool]] = {
    "type": _type,
    "properties": _properties,
    "patternProperties": _patterns,
    "additionalProperties": _others,
    "propertyNames": _keys,
    "required": lambda v, said, *_: not isinstance(v, dict) or set(said) <= v.keys(),
    "items": lambda v, said, _, root: not isinstance(v, list) or all(fits(e, said, root) for e in v),
    "anyOf": lambda v, said, _, root: any(fits(v, s, root) for s in said),
    "oneOf": lambda v, said, _, root: sum(fits(v, s, root) for s in said) == 1,
    "$ref": _ref,
    "enum": lambda v, said, *_: v in said,
    "const": lambda v, said, *_: v == said,
    "pattern": lambda v, said, *_: not isinstance(v, str) or re.search(said, v) is not None,
    "minLength": lambda v, said, *_: not isinstance(v, str) or len(v) >= said,
    "maxLength": lambda v, said, *_: not isinstance(v, str) or len(v) <= said,
    "minItems": lambda v, said, *_: not isinstance(v, list) or len(v) >= said,
    "maxItems": lambda v, said, *_: not isinstance(v, list) or len(v) <= said,
    "minProperties": lambda v, said, *_: not isinstance(v, dict) or len(v) >= said,
    "maxProperties": lambda v, said, *_: not isinstance(v, dict) or len(v) <= said,
    "minimum": lambda v, said, *_: _number(v) >= said or not isinstance(v, int | float),
    "maximum": lambda v, said, *_: _number(v) <= said,
    **dict.fromkeys(("$schema", "$defs", "title", "description", "default", "examples", "format"), _always),
}


def of_block(block: str) -> tuple[str, dict[str, Any]]:
    """Which schema an example is for, and its data."""
    if block.startswith("company:"):
        return "house-rules", read_yaml(block, "x").data
    if block.startswith("stages:"):
        return "lifecycle", read_yaml(block, "x").data
    return "playbook", read_yaml(whole(block), "x").data


@pytest.mark.parametrize("block", [pytest.param(b, id=f"line-{n}") for b, n in README])
def test_every_example_fits_its_schema(block: str) -> None:
    what, data = of_block(block)
    schema = json_schema(what)

    assert fits(data, schema, schema)


@pytest.mark.parametrize("name", ["lifecycle", "house-rules"])
def test_the_starter_files_fit_their_schemas(name: str) -> None:
    text = (Path(__file__).resolve().parents[2] / "playbooks" / f"{name}.yaml").read_text(encoding="utf-8")
    schema = json_schema(name)

    assert fits(read_yaml(text, name).data, schema, schema)


@pytest.mark.parametrize(
    "block", [pytest.param(b, id=f"line-{n}") for kind, b, n in BLOCKS if kind == "markdown" and b.startswith("---")]
)
def test_the_front_matter_of_every_example_fits_its_schema(block: str) -> None:
    channel = channel_of(block)
    schema = json_schema("script" if channel == "call" else channel)

    assert fits(read_yaml(block.split("---\n")[1], "x").data, schema, schema)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("after: 10 minutes", "after: soon"), ("after: 10 minutes", "aftr: 10 minutes"), ("email: quote-hello", "email: Quote Hello"),
        ("queue: sales", "queue: sales\n    attempts: {most: 3}"), ("quote.declined: exit", "quote.declined: stop"),
        ("gives_up_after: 21 days\n", ""), ("title: Say thanks for asking us", "title: {}"),
        ("queue: sales", "queue: sales\n    outcomes: {busy: agian}"), ("- touchpoint: quote-call", "- touchpont: quote-call"),
    ],
)  # fmt: skip
def test_a_mistake_does_not_fit_the_schema(was: str, becomes: str) -> None:
    block = README[0][0]
    assert was in block
    schema = json_schema("playbook")

    assert not fits(read_yaml(block.replace(was, becomes), "x").data, schema, schema)


@pytest.mark.parametrize("what", SCHEMAS)
def test_every_schema_says_what_it_is_for_and_closes_itself_to_other_keys(what: str) -> None:
    schema = json_schema(what)

    assert schema["$schema"].startswith("https://json-schema.org/")
    assert schema["description"]
    assert schema["additionalProperties"] is False
