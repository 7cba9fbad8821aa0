"""`touchpoint demo`, run as people run it. Two runs of the same six weeks: one that ends, one that serves on."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from orchestrator.clock import utc_now
from orchestrator.config import Settings
from orchestrator.demo.story import make_up
from orchestrator.errors import SettingsError
from orchestrator.parts import Parts
from orchestrator.store import attempts, journal
from orchestrator.wiring import build
from tests.rules.sources import ROOT

LONGEST_S = 150  # far more than it takes; the machine may be busy
HOLIDAYS = (date(2026, 11, 11), date(2026, 11, 26))
HOURS = {  # the widest that the starter house rules and playbooks allow, local time
    "email": (time(7), time(21)),
    "text": (time(8), time(20)),
    "voicemail": (time(8), time(20)),
    "call": (time(9), time(18, 30)),
}


@dataclass(frozen=True)
class Told:
    """A demo that has ended and left its folder."""

    output: str
    parts: Parts
    ledger: list[dict[str, Any]]


def command(*options: str) -> list[str]:
    return [sys.executable, "-c", "from orchestrator.cli.main import main; main()", "demo", *options]


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Nothing of whoever runs the tests: no settings, no terminal."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TOUCHPOINT_", "COLUMNS", "FORCE_COLOR"))}
    return {**kept, "TMPDIR": str(folder), "COLUMNS": "80", "PYTHONUNBUFFERED": "1", **more}


def of_folder(folder: Path) -> Settings:
    found = next(folder.glob("touchpoint-demo-*"))
    return Settings(database_url=f"sqlite:///{found / 'demo.db'}", ledger_file=found / "ledger.jsonl")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    folder = tmp_path_factory.mktemp("told")
    done = subprocess.run(
        command("--exit", "--keep"),
        cwd=ROOT,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    settings = of_folder(folder)
    lines = settings.ledger_file.read_text(encoding="utf-8").splitlines()
    return Told(done.stdout, build(settings), [json.loads(line) for line in lines])


class Serving:
    """A demo whose server is running."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            command(), cwd=ROOT, env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.output = ""

    def read_until(self, words: str) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output += line
            if words in line:
                return
        raise AssertionError(f"ended without {words!r}: {self.output[-500:]}")

    def end(self) -> tuple[int, str]:
        """Ctrl-C; answers the exit code and what it said at the end."""
        self.process.send_signal(signal.SIGINT)
        out, errors = self.process.communicate(timeout=60)
        self.output += out
        return self.process.returncode, errors


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    demo = Serving(tmp_path_factory.mktemp("serving"))
    try:
        demo.read_until("Ctrl-C ends it")
        yield demo
    finally:
        if demo.process.poll() is None:
            demo.process.kill()
            demo.process.communicate()


@pytest.mark.parametrize(
    "sentence",
    [
        "Dana said STOP to a text about a visit",
        "called off Dana quote-check-in of Fri 14:10: answered STOP",
        "Omar paid eight minutes before the reminder would have gone out",
        "the text that lets Grace answer without calling",
        "Thursday is Thanksgiving: Priya is called on Friday",
        "97 hours later it is the same time on Luca's wall",
        "same id, same answer, nothing is doubled",
        "a team lead has the call at once",
        "Jo asked not to be contacted",
        "Nadia has had three contacts today, and the house allows three",
    ],
)
def test_what_a_demo_has_to_tell_is_told(told: Told, sentence: str) -> None:
    assert sentence in " ".join(told.output.split())  # on a narrow screen a sentence takes two lines


def test_no_scene_is_missing(told: Told) -> None:
    assert "did not show" not in told.output


def test_it_ends_with_a_summary_and_three_timelines(told: Told) -> None:
    _, scenes = make_up()

    assert "What became of each touchpoint" in told.output
    assert "How follow-ups ended" in told.output
    assert "What policies said" in told.output
    assert len(scenes.best) == 3
    for title, subject in scenes.best:
        assert f"{title}\n{subject}\n" in told.output


def test_nobody_gets_anything_twice(told: Told) -> None:
    handles = [line["handle"] for line in told.ledger]
    with told.parts.database.work() as work:
        rows = [row for subject in subjects() for row in journal.touches_of(work, subject)]
        tries = {row.id: attempts.of_touch(work, row.id) for row in rows}

    sent = [row for row in rows if row.state == "sent"]
    assert len(set(handles)) == len(handles) == len(sent) > 100
    assert {str(a.id) for row in sent for a in tries[row.id]} == set(handles)
    assert all(len(found) <= 1 for found in tries.values())


def test_nobody_is_contacted_outside_their_hours(told: Told) -> None:
    with told.parts.database.work() as work:
        rows = [row for subject in subjects() for row in journal.touches_of(work, subject) if row.effect_at is not None]

    assert {row.channel for row in rows} == {"email", "text", "voicemail", "call"}
    for row in rows:
        there = row.effect_at.astimezone(ZoneInfo(row.customer_zones[0]))
        opens, closes = HOURS[row.channel]
        assert opens <= there.time() <= closes, f"{row.touchpoint} at {there}"
        if row.channel == "call" or (row.playbook == "invoice-reminders" and row.channel == "email"):
            assert there.weekday() < 5, f"{row.touchpoint} at {there}"
            assert there.date() not in HOLIDAYS, f"{row.touchpoint} at {there}"


def test_nothing_comes_after_stop(told: Told) -> None:
    company, scenes = make_up()
    (reply,) = scenes.replies
    who = next(a.person for a in company.arrivals if a.raw["subject"] == reply.subject)
    mine = [datetime.fromisoformat(line["at"]) for line in told.ledger if line["to"] in (who.phone, who.in_full()["email"])]
    after = [a for a in company.arrivals if a.person.ref == who.ref and a.at > max(mine)]

    assert len(mine) == 3  # the booking, the quote, and the text that was answered with STOP
    assert len(after) == 2, "life goes on: the visit takes place all the same"


def test_no_line_is_wider_than_the_terminal(told: Told) -> None:
    wide = [line for line in told.output.splitlines() if len(line.rstrip()) > 80 and "touchpoint-demo-" not in line]

    assert wide == []


def test_two_runs_tell_the_same(told: Told, serving: Serving) -> None:
    def story(output: str) -> str:
        return (
            re.sub(r"\S*touchpoint-demo-\S+", "…", output).partition("What to try next")[0].partition("Everything is still in")[0]
        )

    assert story(told.output).strip() == story(serving.output).strip()


def test_the_commands_it_prints_work_as_they_are(serving: Serving) -> None:
    exports = dict(re.findall(r"^  export (TOUCHPOINT_\w+)=(.+)$", serving.output, re.MULTILINE))
    commands = re.findall(r"^  \S+ (timeline|why|call next --as you)( \S+)?", serving.output, re.MULTILINE)
    shown = [shlex.split(" ".join(one)) for one in commands]

    said = [touchpoint(serving, exports, *words) for words in shown]

    assert [words[0] for words in shown] == ["timeline", "why", "call"]
    assert "called off" in said[0]
    assert "answered STOP to" in " ".join(said[1].split())
    assert "When done: touchpoint call finish" in said[2]


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_the_curl_line_posts_an_event(serving: Serving) -> None:
    printed = re.search(r"^  curl .*?\}\}'$", serving.output, re.MULTILINE | re.DOTALL)
    assert printed is not None

    first = subprocess.run(["sh", "-c", printed.group()], capture_output=True, text=True, timeout=30, check=True).stdout
    again = subprocess.run(["sh", "-c", printed.group()], capture_output=True, text=True, timeout=30, check=True).stdout

    assert json.loads(first)["status"] == "accepted"
    assert len(json.loads(first)["enrollments"]) == 1
    assert {**json.loads(again), "status": "accepted"} == json.loads(first)


def test_ctrl_c_ends_it_calmly_and_leaves_nothing_behind(serving: Serving) -> None:
    code, errors = serving.end()

    assert code == 0
    assert errors == ""
    assert list(serving.folder.glob("touchpoint-demo-*")) == []


@pytest.mark.parametrize("there", ["nothing", "others"])
def test_without_the_starter_playbooks_it_says_which_setting_names_them(tmp_path: Path, there: str) -> None:
    folder = tmp_path / "playbooks"
    if there == "others":
        shutil.copytree(ROOT / "playbooks", folder)
        (folder / "quote-follow-up.yaml").unlink()

    done = subprocess.run(
        command("--exit"), cwd=tmp_path, env=environment(tmp_path, TOUCHPOINT_PLAYBOOKS=str(folder)),
        capture_output=True, text=True, timeout=LONGEST_S, check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert "set TOUCHPOINT_PLAYBOOKS to the project's folder 'playbooks'" in " ".join(done.stderr.split())
    assert list(tmp_path.glob("touchpoint-demo-*")) == []


def test_the_demos_own_time_never_reaches_a_real_person() -> None:
    ahead = build(Settings(clock_ahead_s=86_400.0))

    with pytest.raises(SettingsError, match="TOUCHPOINT_CLOCK_AHEAD_S is for demos"):
        build(Settings(clock_ahead_s=86_400.0, text_via="a-real-provider"))

    assert timedelta(hours=23, minutes=59) < ahead.clock() - utc_now() <= timedelta(days=1)


def subjects() -> list[str]:
    company, _ = make_up()
    return sorted({str(arrival.raw["subject"]) for arrival in company.arrivals})


def touchpoint(serving: Serving, exports: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", "from orchestrator.cli.main import main; main()", *words],
        cwd=ROOT, env=environment(serving.folder, **exports), capture_output=True, text=True, timeout=LONGEST_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
