"""Our tables of parameters against the vendors' own documents, and our answers against their shapes."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from orchestrator.carrier import credentials, mail_shape, parameters
from orchestrator.carrier.mail_shape import Fields, Flag, Many, Shape, Text, Whole, Words
from orchestrator.carrier.parameters import Parameter
from tests.carrier.conftest import Stage
from tests.carrier.test_calls import call, say
from tests.carrier.test_mails import send
from tests.carrier.test_texts import text

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = "TOUCHPOINT_CONTRACTS"  # a folder of the vendors' documents, never part of the project
ACCOUNT = "/2010-04-01/Accounts/{AccountSid}"


@pytest.fixture(scope="module")
def contracts() -> Path:
    folder = Path(os.environ.get(CONTRACTS) or ROOT.parent / "shared" / "contracts")
    if not folder.is_dir():
        pytest.skip(f"no contracts: there is no folder {folder}; set {CONTRACTS} to one that has them")
    return folder


@pytest.fixture(scope="module")
def twilio(contracts: Path) -> dict[str, Any]:
    return _loaded(contracts / "twilio" / "api_v2010.calls_messages_recordings.openapi.json")


@pytest.fixture(scope="module")
def sendgrid(contracts: Path) -> dict[str, Any]:
    return _loaded(contracts / "sendgrid" / "v3.mail_send_event_webhook.openapi.json")


def _loaded(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def _said(schema: Mapping[str, Any], document: Mapping[str, Any]) -> tuple[str, bool, tuple[str, ...], str]:
    """A parameter as the document has it: type, whether a list, choices, prefix."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    is_list = schema["type"] == "array"
    one = schema["items"] if is_list else schema
    kinds = {"integer": "whole", "number": "decimal", "boolean": "flag"}
    formats = {"uri": "url", "date-time": "moment"}
    type_ = kinds.get(one["type"]) or formats.get(one.get("format", ""), "text")
    prefix = re.match(r"\^([A-Z]{2})\[0-9a-fA-F\]\{32\}\$$", one.get("pattern", ""))
    return type_, is_list, tuple(one.get("enum", ())), prefix[1] if prefix else ""


def _ours(parameter: Parameter) -> tuple[str, bool, tuple[str, ...], str]:
    return parameter.type, parameter.is_list, parameter.choices, parameter.prefix


@pytest.mark.parametrize(
    ("path", "table"),
    [
        (f"{ACCOUNT}/Messages.json", parameters.CREATE_MESSAGE),
        (f"{ACCOUNT}/Calls.json", parameters.CREATE_CALL),
        (f"{ACCOUNT}/Calls/{{Sid}}.json", parameters.UPDATE_CALL),
    ],
)
def test_what_may_be_posted_is_what_twilios_document_says(
    twilio: dict[str, Any], path: str, table: Mapping[str, Parameter]
) -> None:  # fmt: skip
    schema = twilio["paths"][path]["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]

    assert {n: _ours(p) for n, p in table.items()} == {n: _said(s, twilio) for n, s in schema["properties"].items()}
    assert {name for name, one in table.items() if one.is_required} == set(schema.get("required", ()))


@pytest.mark.parametrize(
    ("path", "table"), [(f"{ACCOUNT}/Messages.json", parameters.LIST_MESSAGES), (f"{ACCOUNT}/Calls.json", parameters.LIST_CALLS)]
)
def test_what_may_be_listed_by_is_what_twilios_document_says(
    twilio: dict[str, Any], path: str, table: Mapping[str, Parameter]
) -> None:  # fmt: skip
    wanted = {p["name"]: p["schema"] for p in twilio["paths"][path]["get"]["parameters"] if p["in"] == "query"}

    assert {name: _ours(one) for name, one in table.items()} == {name: _said(s, twilio) for name, s in wanted.items()}
    for name, schema in wanted.items():
        assert (table[name].least, table[name].most) == (schema.get("minimum"), schema.get("maximum")), name


def _facts(shape: Shape, path: str = "") -> dict[str, str]:
    """Each field of our table, as one line of facts."""
    match shape:
        case Fields():
            found = {path: f"object, needs {sorted(shape.required)}"}
            for name, one in shape.known.items():
                found |= _facts(one, f"{path}.{name}")
            return found
        case Many():
            return {path: f"array {shape.most} {shape.is_unique}", **_facts(shape.of, f"{path}[]")}
        case Text():
            return {path: f"string {shape.least} {shape.most} {shape.is_email} {shape.choices}"}
        case Whole():
            return {path: "integer"}
        case Flag():
            return {path: "boolean"}
        case Words():
            return {path: f"free {shape.most}"}


def _document_facts(schema: dict[str, Any], document: dict[str, Any], path: str = "") -> dict[str, str]:
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    match schema["type"]:
        case "object" if "properties" in schema:
            found = {path: f"object, needs {sorted(schema.get('required', ()))}"}
            for name, one in schema["properties"].items():
                found |= _document_facts(one, document, f"{path}.{name}")
            return found
        case "object":
            return {path: f"free {schema.get('maxProperties')}"}
        case "array":
            here = {path: f"array {schema.get('maxItems')} {bool(schema.get('uniqueItems'))}"}
            return here | _document_facts(schema["items"], document, f"{path}[]")
        case "string":
            is_email = schema.get("format") == "email"
            choices = tuple(schema.get("enum", ()))
            return {path: f"string {schema.get('minLength', 0)} {schema.get('maxLength')} {is_email} {choices}"}
    return {path: schema["type"]}


def test_the_body_of_an_email_is_what_sendgrids_document_says(sendgrid: dict[str, Any]) -> None:
    schema = sendgrid["paths"]["/v3/mail/send"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    theirs = _document_facts(schema, sendgrid)
    theirs[".custom_args"] = "free None"  # the document says text; the service takes an object

    assert _facts(mail_shape.MAIL) == theirs


def test_texts_and_calls_are_shown_with_the_documents_fields(twilio: dict[str, Any], stage: Stage) -> None:
    stage.receiver.answers["/speak"] = (200, say("Hello"))
    client = stage.twilio()
    shown = {"message": client.messages(text(stage)).fetch(), "call": client.calls(call(stage)).fetch()}
    stage.pass_time(minutes=2)

    for noun, path in (("message", "Messages"), ("call", "Calls")):
        schema = twilio["components"]["schemas"][f"api.v2010.account.{noun}"]["properties"]
        answer = client.request("GET", f"https://api.twilio.com/2010-04-01/Accounts/{credentials.ACCOUNT_SID}/{path}/{shown[noun].sid}.json")  # fmt: skip
        row = json.loads(answer.text)
        assert set(row) == set(schema)
        for name, one in schema.items():
            if "pattern" in one and row[name] is not None:
                assert re.search(one["pattern"], row[name]), name


def test_events_have_the_documents_fields(contracts: Path, stage: Stage) -> None:
    examples = _loaded(contracts / "sendgrid" / "event_webhook_examples.json")["examples"]
    wanted = {e["payload"][0]["event"]: set(e["payload"][0]) - {"pool"} for e in examples if e["section"] in TOLD}
    for address in ("opens", "bounce", "full", "spam", "nine"):
        send(stage, f"{address}@example.com", content=[{"type": "text/html", "value": f'<a href="{stage.receiver.url}/s">9</a>'}])
    stage.pass_time(hours=2)
    send(stage, "bounce@example.com")
    stage.pass_time(hours=2)

    told: dict[str, set[str]] = {}
    for got in stage.receiver.at("/hooks/sendgrid/events"):
        for event in json.loads(got.body):
            told[event["event"]] = set(event) - {"handle"}
    assert told == wanted


def _documented(contracts: Path, webhook: str) -> tuple[set[str], set[str]]:
    """What a request of this kind always carries, and all that it may carry."""
    always, known = set(), set()
    for one in _loaded(contracts / "twilio" / "webhook_parameters.json")["webhooks"][webhook]["parameters"]:
        for name in one["name"].split(", "):
            known |= {f"{side}{part}" for side in ("Caller", "Called") for part in PLACE} if name == "Caller*" else {name}
            always |= {name} if one["when"] == "always" else set()
    return always, known


@pytest.mark.parametrize(
    ("webhook", "path"),
    [
        ("message_status", "/status/text"),
        ("incoming_message", "/hooks/twilio/texts"),
        ("call_status", "/status/call"),
        ("twiml_request", "/speak"),
        ("async_amd", "/amd"),
    ],
)
def test_twilios_requests_carry_the_documented_parameters(contracts: Path, stage: Stage, webhook: str, path: str) -> None:
    always, known = _documented(contracts, webhook)
    stage.receiver.answers["/speak"] = (200, say("Hello " * 30))
    amd = {"machine_detection": "Enable", "async_amd": "true", "async_amd_status_callback": f"{stage.receiver.url}/amd"}
    text(stage, "+13125550112", status_callback=f"{stage.receiver.url}/status/text")
    text(stage, "+13125550114", status_callback=f"{stage.receiver.url}/status/text")
    call(stage, "+13125550101", status_callback=f"{stage.receiver.url}/status/call", **amd)
    call(stage, "+13125550102", status_callback=f"{stage.receiver.url}/status/call", machine_detection="DetectMessageEnd")
    stage.pass_time(minutes=10)

    requests_ = stage.receiver.at(path)
    assert requests_
    for got in requests_:
        assert always <= set(got.form), always - set(got.form)
        assert set(got.form) <= known, set(got.form) - known


PLACE = ("City", "State", "Zip", "Country")
TOLD = ("processed", "dropped", "delivered", "deferred", "bounce", "open", "click", "spamreport")
