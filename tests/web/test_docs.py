"""Every request and every file on the page docs/events.md does what the page says."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from orchestrator.ingest import ingest
from orchestrator.keys import issue
from orchestrator.mapping import read_map
from orchestrator.parts import Parts
from orchestrator.web.app import create_app
from tests.intake.ready import ROOT
from tests.web.conftest import SETTINGS

PAGE = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^(?:Answer `(?P<status>\d+)`:\n\n)?```(?P<kind>\w+)(?: (?P<file>\S+))?\n(?P<text>.*?)^```$", re.M | re.S)
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass
class Request:
    """One curl command of the page, and the answer below it."""

    words: list[str]
    status: int
    answer: Any


def requests() -> Iterator[Request]:
    """In the order of the page: later ones build on earlier ones."""
    blocks = list(BLOCK.finditer(PAGE))
    for block, after in pairwise(blocks):
        if block["kind"] == "bash" and block["text"].startswith("curl "):
            assert after["status"], f"no answer stands below: {block['text'][:80]}"
            yield Request(shlex.split(block["text"].replace("\\\n", " ")), int(after["status"]), json.loads(after["text"]))


def files() -> dict[str, str]:
    return {block["file"]: block["text"] for block in BLOCK.finditer(PAGE) if block["file"]}


def sent(client: TestClient, words: list[str], keys: dict[str, str]) -> Any:
    """What curl would do."""
    url, headers, body = words[1], {}, ""
    for option, value in zip(words[2::2], words[3::2], strict=True):
        if option == "-H":
            name, _, text = value.partition(": ")
            headers[name] = re.sub(r"\$(\w+)", lambda found: keys[found[1]], text)
        else:
            assert option == "-d"
            body = value
    return client.post(url.removeprefix("http://localhost:8000"), content=body.encode(), headers=headers)


def test_every_request_gets_the_answer_below_it(ready: Parts) -> None:
    keys = {
        "TOUCHPOINT_KEY": issue(ready, "crm", ["events:write"]),
        "TOUCHPOINT_ARCHIVE_KEY": issue(ready, "archive", ["events:backfill"]),
    }
    done = 0

    with TestClient(create_app(ready, SETTINGS), raise_server_exceptions=False) as client:
        for request in requests():
            answer = sent(client, request.words, keys)
            assert answer.status_code == request.status, answer.text
            assert UUID.sub("an id", answer.text) == UUID.sub(
                "an id", json.dumps(request.answer, separators=(",", ":"), ensure_ascii=False)
            )
            done += 1

    assert done == 8


def test_the_files_of_the_page_are_taken_in_as_it_says(ready: Parts, tmp_path: Path) -> None:
    for name, text in files().items():
        (tmp_path / name).write_text(text, encoding="utf-8")

    tally = ingest(ready, tmp_path / "old-quotes.csv", map_=read_map(tmp_path / "old-quotes.yaml"), backfill=True)

    assert (tally.by_status, tally.left_out, tally.warned) == ({"accepted": 2, "refused": 1}, 1, {})
    (row,) = (tmp_path / "old-quotes.csv.rejected.jsonl").read_text().splitlines()
    assert json.loads(row)["row"] == 4


@pytest.mark.parametrize("number", ["5,000,000", "1,000 events", "200\ncharacters", "`type` 120", "`subject` 300"])
def test_the_limits_on_the_page_are_those_of_the_program(number: str) -> None:
    from orchestrator.web.app import MOST_BYTES
    from orchestrator.web.events import MOST_EVENTS

    assert number in PAGE
    assert (f"{MOST_BYTES:,}", f"{MOST_EVENTS:,} events") == ("5,000,000", "1,000 events")
