"""`touchpoint demo`, run as people run it. Two runs of the same six weeks: one that ends, one that serves on."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import urllib.request
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import httpx2
import pytest

from orchestrator.carrier.customers import key_of
from orchestrator.cli.demo import ROBIN
from orchestrator.clock import utc_now
from orchestrator.config import Settings
from orchestrator.demo.story import TELEPHONES, make_up
from orchestrator.errors import SettingsError
from orchestrator.store import journal
from orchestrator.wiring import build
from tests.demos import LONGEST_S, Serving, Told, command, environment, of_folder, subjects, touches_and_attempts, touchpoint
from tests.rules.sources import ROOT
from tests.workers.processes import wait_for

HOLIDAYS = (date(2026, 11, 11), date(2026, 11, 26))
HOURS = {  # the widest that the starter house rules and playbooks allow, local time
    "email": (time(7), time(21)),
    "text": (time(8), time(20)),
    "voicemail": (time(8), time(20)),
    "call": (time(9), time(18, 30)),
}


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
    (ledger,) = folder.glob("touchpoint-demo-*/carrier.jsonl")
    lines = ledger.read_text(encoding="utf-8").splitlines()
    return Told(done.stdout, build(of_folder(folder)), [json.loads(line) for line in lines])


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
        "Dana answers STOP: texts are over from this moment",
        "everything is held until somebody has read it",
        "called off Dana quote-check-in of Fri 14:10: sam read that they w",
        "The e-mail bounced: that address is not used again",
        "A machine picked up: the words meant for it were left after its beep",
        "One click on a 2 in the e-mail",
        "A lead called Uma because of that click",
        "this follow-up waits until somebody has read them",
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
    _, tries = touches_and_attempts(told)

    handles = Counter((line["handle"], line["to"]) for line in told.ledger)
    effects = {line["handle"] for line in told.ledger}
    assert len(handles) > 200
    assert [one for one, times in handles.items() if times > 1] == []
    assert {line["times"] for line in told.ledger} == {1}
    assert all(sum(str(a.id) in effects for a in found) <= 1 for found in tries.values())


def test_every_effect_has_an_attempt_that_was_written_before_it(told: Told) -> None:
    _, tries = touches_and_attempts(told)

    began = {str(a.id): a.began_at for found in tries.values() for a in found}
    assert {line["handle"] for line in told.ledger} <= set(began)
    for line in told.ledger:
        assert began[line["handle"]] <= datetime.fromisoformat(line["at"])


def test_everything_that_was_sent_is_in_the_carriers_ledger(told: Told) -> None:
    rows, tries = touches_and_attempts(told)

    made = [row for row in rows if row.channel and row.state in ("sent", "done", "failed")]
    effects = {line["handle"] for line in told.ledger}
    assert Counter(row.channel for row in made).keys() == {"email", "text", "voicemail", "call"}
    assert [row.touchpoint for row in made if not any(str(a.id) in effects for a in tries[row.id])] == []


def test_what_the_carrier_reports_is_what_we_have(told: Told) -> None:
    rows, tries = touches_and_attempts(told)

    fates = {line["handle"]: line["status"] for line in told.ledger if line["part_of"] is None}
    messages = [row for row in rows if row.channel in ("email", "text") and row.state in ("sent", "done", "failed")]
    assert len(messages) > 100
    for row in messages:
        fate = fates[str(tries[row.id][-1].id)]
        assert row.state == ("done" if fate == "delivered" else "failed"), f"{row.touchpoint}: {fate}"


def test_words_for_a_machine_are_left_after_its_beep(told: Told) -> None:
    (quinn,) = {a.person.phone: a.person for a in make_up()[0].arrivals if a.person.first_name == "Quinn"}.values()

    (call,) = [line for line in told.ledger if line["kind"] == "call" and line["to"] == quinn.phone]
    assert call["status"] == "completed"
    assert call["words"].startswith("Hello Quinn, this is Harbor & Pine")


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
    stop = next(reply for reply in scenes.replies if reply.words == "STOP")
    who = next(a.person for a in company.arrivals if a.raw["subject"] == stop.subject)
    mine = [datetime.fromisoformat(line["at"]) for line in told.ledger if line["to"] in (who.phone, who.email)]
    after = [a for a in company.arrivals if a.person.ref == who.ref and a.at > max(mine)]

    assert len(mine) == 3  # the booking, the quote, and the text that was answered with STOP
    assert len(after) == 2, "life goes on: the visit takes place all the same"


def test_no_two_customers_share_a_telephone_or_a_mailbox() -> None:
    known = {a.person.ref: a.person for a in make_up()[0].arrivals}.values()

    phones = [ROBIN, *TELEPHONES.values(), *(person.phone for person in known)]
    assert [phone for phone, times in Counter(phones).items() if times > 1] == []
    assert len({person.email for person in known}) == len(known)


def test_no_line_is_wider_than_the_terminal(told: Told) -> None:
    wide = [line for line in told.output.splitlines() if len(line.rstrip()) > 80 and "touchpoint-demo-" not in line]

    assert wide == []


def test_two_runs_tell_the_same(told: Told, serving: Serving) -> None:
    def story(output: str) -> str:
        """Without what a run cannot choose: its folder, and the first free port."""
        same = re.sub(r"\S*touchpoint-demo-\S+|127\.0\.0\.1:\d+", "…", output)
        return same.partition("What to try next")[0].partition("Everything is still in")[0]

    assert story(told.output).strip() == story(serving.output).strip()


def test_the_commands_it_prints_work_as_they_are(serving: Serving) -> None:
    exports = dict(re.findall(r"^  export (TOUCHPOINT_\w+)=(.+)$", serving.output, re.MULTILINE))
    commands = re.findall(r"^  \S+ (timeline|why|call next --as you|reply list)( [a-z0-9]\S+)?", serving.output, re.MULTILINE)
    shown = [shlex.split(" ".join(one)) for one in commands]

    said = [touchpoint(serving, exports, *words) for words in shown]

    assert [words[0] for words in shown] == ["timeline", "why", "call", "reply"]
    assert "called off" in said[0]
    assert "sam read that they want no more" in " ".join(said[1].split())
    assert "When done: touchpoint call finish" in said[2]
    assert "Nothing waits to be read" in said[3] or "they said" in said[3]


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_the_curl_line_posts_an_event(serving: Serving) -> None:
    printed = re.search(r"^  curl .*?\}\}'$", serving.output, re.MULTILINE | re.DOTALL)
    assert printed is not None

    first = subprocess.run(["sh", "-c", printed.group()], capture_output=True, text=True, timeout=30, check=True).stdout
    again = subprocess.run(["sh", "-c", printed.group()], capture_output=True, text=True, timeout=30, check=True).stdout

    assert json.loads(first)["status"] == "accepted"
    assert len(json.loads(first)["enrollments"]) == 1
    assert {**json.loads(again), "status": "accepted"} == json.loads(first)


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_the_thank_you_mail_of_the_posted_event_is_in_the_mailbox(serving: Serving) -> None:
    printed = re.search(r"^  curl .*?\}\}'$", serving.output, re.MULTILINE | re.DOTALL)
    assert printed is not None

    subprocess.run(["sh", "-c", printed.group()], capture_output=True, timeout=30, check=True)

    def is_there() -> bool:
        return any(line["to"] == "robin@customers.example.com" for line in serving.ledger())

    wait_for(is_there, LONGEST_S, "the thank-you mail")


def test_a_text_typed_into_the_carriers_page_waits_for_somebody_to_read_it(serving: Serving) -> None:
    exports = dict(re.findall(r"^  export (TOUCHPOINT_\w+)=(.+)$", serving.output, re.MULTILINE))
    ben = next(p for p in make_up()[0].people.values() if p.first_name == "Ben")

    form = urlencode({"do": "text", "who": key_of(ben.name), "words": "An hour later, please"}).encode()
    urllib.request.urlopen(f"{serving.carrier}/rehearsal/play", form, timeout=30).close()

    def is_listed() -> bool:
        return "An hour later, please" in " ".join(touchpoint(serving, {**exports, "COLUMNS": "200"}, "reply", "list").split())

    wait_for(is_listed, LONGEST_S, "the customer's words before staff")


def test_it_opens_on_a_desk_with_ten_calls_and_a_customer_who_answers(serving: Serving) -> None:
    printed = re.search(
        r"^(\d+) calls wait on the desk.*?^  (http://\S+)/desk$.*?^  ari \(agent\)  password (\S+)$", serving.output, re.M | re.S
    )
    assert printed is not None
    waiting, address, password = int(printed[1]), printed[2], printed[3]
    with httpx2.Client(base_url=address, follow_redirects=True, timeout=30) as browser:
        token = _hidden(browser.get("/sign-in").text, "token")
        room = browser.post("/sign-in", data={"token": token, "then": "/", "name": "ari", "password": password})
        call = browser.post("/desk/next", data={"csrf": _hidden(room.text, "csrf")})
        before = len(serving.ledger())
        dialled = browser.post(f"{call.url.path}/dial", data={"csrf": _hidden(call.text, "csrf")})

        def is_in_the_ledger() -> bool:
            return any(line["kind"] == "call" and line["to"] not in TELEPHONES.values() for line in serving.ledger()[before:])

        assert waiting >= 10
        assert re.search(r"/desk/calls/[0-9a-f-]+$", str(call.url))
        assert dialled.status_code == 200, dialled.text
        wait_for(is_in_the_ledger, LONGEST_S, "the customer's telephone rings")


def test_what_an_author_saves_in_its_studio_stays_in_the_demo(serving: Serving) -> None:
    exports = dict(re.findall(r"^  export (TOUCHPOINT_\w+)=(.+)$", serving.output, re.MULTILINE))
    printed = re.search(r"^  una \(author\)  password (\S+)$.*?^  (http://\S+)/playbooks$", serving.output, re.M | re.S)
    assert printed is not None
    theirs = ROOT / "playbooks" / "quote-follow-up.yaml"
    before = theirs.read_bytes()

    with httpx2.Client(base_url=printed[2], follow_redirects=True, timeout=30) as browser:
        browser.post(
            "/sign-in",
            data={"token": _hidden(browser.get("/sign-in").text, "token"), "then": "/", "name": "una", "password": printed[1]},
        )
        page = browser.get("/playbooks/quote-follow-up/edit").text
        text = before.decode().replace("after: 10 minutes", "after: 2 hours")
        fields = {"csrf": _hidden(page, "csrf"), "seen": _hidden(page, "seen"), "file": "quote-follow-up.yaml", "text": text}
        saved = browser.post("/playbooks/quote-follow-up/save", data=fields)

    assert saved.status_code == 200
    assert theirs.read_bytes() == before
    assert "moves from 10 minutes to 2 hours after the event" in " ".join(touchpoint(serving, exports, "diff").split())


def _hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    assert found is not None, page[:500]
    return found[1]


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
        build(Settings(clock_ahead_s=86_400.0, twilio_account_sid="AC" + 32 * "0"))

    assert timedelta(hours=23, minutes=59) < ahead.clock() - utc_now() <= timedelta(days=1)
