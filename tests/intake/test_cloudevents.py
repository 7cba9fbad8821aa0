"""CloudEvents 1.0 say the same as the plain form: structured, batched and binary, checked against the standard's own schema."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_structured_event, to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent as SdkEvent
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.cloudevents import STRUCTURED, CloudEvent, binary, header_value, is_binary, structured
from orchestrator.errors import EventError
from orchestrator.ids import new_id
from orchestrator.jsontext import read_json
from orchestrator.receiving import read_event
from tests.intake.ready import ROOT, Hands, quote_sent
from tests.intake.test_receiving import LIFECYCLE

CONTRACTS = Path(os.environ.get("TOUCHPOINT_CONTRACTS") or ROOT.parent / "shared" / "contracts")  # never part of the project
CONTRACT = CONTRACTS / "cloudevents" / "cloudevents.schema.json"
NO_CONTRACT = "no contract: set TOUCHPOINT_CONTRACTS to a folder with cloudevents/cloudevents.schema.json"


def cloud(**changed: Any) -> dict[str, Any]:
    """quote_sent() as a CloudEvent."""
    plain = quote_sent()
    data = {**plain.pop("data"), "customer": plain.pop("customer")}
    return {"specversion": "1.0", **plain, "datacontenttype": "application/json", "data": data, **changed}


def sdk(**changed: Any) -> SdkEvent:
    """The same by the standard's own library."""
    event = cloud(**changed)
    data = event.pop("data")
    return SdkEvent({**event, "time": datetime.fromisoformat(event["time"])}, data)


def hash_of(raw: Mapping[str, Any]) -> str:
    return read_event(raw, lifecycle=LIFECYCLE, received_at=Hands("2026-11-20 10:00")(), new_id=new_id).event.body_hash


def headers_of(message: Any) -> list[tuple[str, str]]:
    return [(name.lower(), text) for name, text in message.headers.items()]


@pytest.fixture
def contract() -> dict[str, Any]:
    """The standard's JSON schema."""
    if not CONTRACT.exists():
        pytest.skip(NO_CONTRACT)
    schema: dict[str, Any] = json.loads(CONTRACT.read_text())
    return schema


def test_all_forms_of_an_event_are_the_same_event() -> None:
    body = json.dumps(cloud()["data"]).encode()
    headers = [(f"ce-{n}", str(v).replace(" ", "%20")) for n, v in cloud().items() if n not in ("data", "datacontenttype")]

    forms = [quote_sent(), structured(cloud()), binary([*headers, ("content-type", "application/json; charset=utf-8")], body)]

    assert len({hash_of(form) for form in forms}) == 1


def test_what_the_official_library_sends_is_understood() -> None:
    for message in (to_structured_event(sdk(partition="7")), to_structured_event(sdk(subject="quote/Ö 12"))):
        plain = structured(read_json(message.body))
        assert plain["subject"] in ("quote/Q-1042", "quote/Ö 12")
        assert plain["customer"] == quote_sent()["customer"]
    message = to_binary_event(sdk(subject='quote/50% "Ö" 😀', id="81 b"))
    plain = binary(headers_of(message), message.body)
    assert plain["subject"] == 'quote/50% "Ö" 😀'
    assert plain["id"] == "81 b"
    assert plain["data"] == quote_sent()["data"]


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_headers_are_decoded_as_the_official_library_encodes_them(text: str) -> None:
    message = to_binary_event(sdk(id=text))

    assert binary(headers_of(message), message.body)["id"] == text


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),  # the standard's own example
        ("%e2%82%ac", "€"),
        ('"quote/Q 1\\"042"', 'quote/Q 1"042'),
        ("a%2520b", "a%20b"),  # one round of decoding only
        ("%41", "A"),
    ],
)
def test_a_header_means_what_the_standard_says(header: str, value: str) -> None:
    assert header_value(header) == value


@pytest.mark.parametrize("header", ["%C0%A0", "50%", "%zz", "Ö", "%ED%A0%80"])
def test_a_header_that_does_not_decode_is_refused(header: str) -> None:
    with pytest.raises(EventError, match="ce-id"):
        binary([("ce-specversion", "1.0"), ("ce-id", header)], b"")


@pytest.mark.parametrize("field", ["id", "source", "type", "time", "subject", "specversion"])
@pytest.mark.parametrize("gone", [True, False])
def test_nothing_that_identifies_an_event_is_ever_made_up(field: str, gone: bool) -> None:
    event = cloud()
    event[field] = None
    if gone:
        del event[field]

    with pytest.raises(EventError) as refused:
        structured(event)

    assert [p.place for p in refused.value.problems] == [field]


def test_the_official_library_would_have_made_up_an_id() -> None:
    """Why the reader is our own; when this fails, the library has been mended."""
    event = {k: v for k, v in cloud().items() if k not in ("id", "time")}

    assert from_structured_event(HTTPMessage({"content-type": STRUCTURED}, json.dumps(event).encode())).get_id()


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"id": 81}, "id"),
        ({"data": [1, 2]}, "data"),
        ({"data": "text"}, "data"),
        ({"datacontenttype": "application/xml", "data": "<a/>"}, "datacontenttype"),
        ({"data_base64": "e30="}, "data_base64"),
        ({"data": None, "data_base64": "%%%"}, "data_base64"),
        ({"data": None, "data_base64": "e30=", "datacontenttype": None}, "data_base64"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(changed: dict[str, Any], place: str) -> None:
    with pytest.raises(EventError) as refused:
        structured(cloud(**changed))

    assert [p.place for p in refused.value.problems] == [place]


def test_extensions_are_ignored_and_null_counts_as_not_sent() -> None:
    extended = structured(cloud(traceparent="00-1", sequence=7, dataschema=None))

    assert hash_of(extended) == hash_of(quote_sent())


def test_data_may_be_base64_when_its_type_is_said() -> None:
    packed = base64.b64encode(json.dumps(cloud()["data"]).encode()).decode()

    assert hash_of(structured(cloud(data=None, data_base64=packed))) == hash_of(quote_sent())


def test_an_event_without_data_or_customer_is_one() -> None:
    event = structured({k: v for k, v in cloud(type="quote.noted").items() if k != "data"})

    assert (event["customer"], event["data"]) == (None, {})
    assert hash_of(event)


@pytest.mark.parametrize(
    ("headers", "body", "place"),
    [
        ([("ce-specversion", "1.0"), ("ce-specversion", "1.0")], b"", "ce-specversion"),
        ([("ce-specversion", "1.0"), ("ce-data", "{}")], b"", "ce-data"),
        ([("ce-specversion", "1.0"), ("ce-datacontenttype", "text/xml")], b"", "ce-datacontenttype"),
    ],
)
def test_a_binary_event_says_each_thing_once(headers: list[tuple[str, str]], body: bytes, place: str) -> None:
    with pytest.raises(EventError) as refused:
        binary(headers, body)

    assert [p.place for p in refused.value.problems] == [place]


def test_the_body_of_a_binary_event_is_read_as_strictly_as_any() -> None:
    headers = [(f"ce-{n}", str(v)) for n, v in cloud().items() if n not in ("data", "datacontenttype")]

    with pytest.raises(EventError, match="comes twice"):
        binary([*headers, ("content-type", "application/json")], b'{"a": 1, "a": 2}')
    with pytest.raises(EventError, match="cannot be read"):
        binary([*headers, ("content-type", "application/xml")], b"<a/>")


def test_ordinary_headers_carry_no_event() -> None:
    assert not is_binary({"content-type": "application/json", "accept": "*/*"})
    assert is_binary({"ce-id": "81"})


def test_the_envelope_is_the_one_of_the_standard(contract: dict[str, Any]) -> None:
    fields = CloudEvent.model_fields

    assert set(contract["properties"]) == set(fields)
    required = {name for name, field in fields.items() if field.is_required()}
    assert required == {*contract["required"], "time", "subject"}


def test_every_example_of_the_schema_can_be_sent(contract: dict[str, Any]) -> None:
    for name, declared in contract["properties"].items():
        if name in ("data", "data_base64", "datacontenttype", "subject"):
            continue  # the examples are XML and a subject without a kind, which are refused here for reasons of ours
        for example in declared.get("examples", ()):
            assert structured(cloud(**{name: example}))


def test_the_json_of_this_test_is_valid_by_the_schema(contract: dict[str, Any]) -> None:
    kinds: dict[str, Any] = {
        "string": str,
        "object": dict,
        "array": list,
        "number": (int, float),
        "boolean": bool,
        "null": type(None),
    }
    definitions = contract["definitions"]

    for name, value in cloud().items():
        declared = definitions[contract["properties"][name]["$ref"].rpartition("/")[2]]
        allowed = declared["type"] if isinstance(declared["type"], list) else [declared["type"]]
        assert any(isinstance(value, kinds[kind]) for kind in allowed), name
        assert len(value) >= declared.get("minLength", 0)


def test_the_examples_in_the_standard_s_own_text_are_read_the_way_it_says() -> None:
    text = CONTRACT.with_name("json-format.md")
    if not text.exists():
        pytest.skip(NO_CONTRACT)
    blocks = [block.split("```")[0] for block in Path(text).read_text().split("```JSON\n")[1:]]
    events = [e for b in blocks for e in (json.loads(b) if b.lstrip().startswith("[") else [json.loads(b)])]

    assert len(events) >= 6
    for event in events:
        with pytest.raises(EventError) as refused:  # they have no subject, and some no time: that is all we find, or their data
            structured(event)
        assert {p.place for p in refused.value.problems} <= {"subject", "time"}
        whole = {**event, "subject": "quote/Q-1042", "time": "2018-04-05T17:31:00Z"}
        if isinstance(event.get("data"), dict):
            assert structured(whole)["data"] == event["data"]
        else:
            with pytest.raises(EventError):
                structured(whole)
