"""`touchpoint check` as authors and build servers use it: text with a mark below the place, SARIF, JSON, and how it leaves."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from orchestrator.cli.main import app
from orchestrator.lint.finding import Finding
from orchestrator.lint.sarif import sarif
from orchestrator.lint.text import lines
from tests.conftest import ROOT

Run = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The starter set, to break."""
    return Path(shutil.copytree(ROOT / "playbooks", tmp_path / "playbooks"))


@pytest.fixture
def check(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOUCHPOINT_PLAYBOOKS", str(folder))

    def run(*words: str) -> Result:
        return CliRunner().invoke(app(["check"]), ["check", *words])

    return run


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def warn(folder: Path) -> None:
    replace(folder / "invoice-reminders.yaml", "completed_concern: continue #", "declined: exit #")


def fail(folder: Path) -> None:
    replace(folder / "quote-follow-up.yaml", "event.amount >= 500", "event.amount > 5 && event.amount < 5")


def test_the_starter_set_is_fine(check: Run) -> None:
    result = check()

    assert result.exit_code == 0
    assert "files are fine: 5 playbooks." in result.output


def test_a_finding_shows_its_line_a_mark_a_way_and_a_fix(check: Run, folder: Path) -> None:
    warn(folder)

    shown = check().output.splitlines()

    assert shown[0].startswith("invoice-reminders.yaml:81:5: warning TP105: when 'invoice-lead-call' ends with a concern")
    assert shown[1:3] == [" 81 |   - touchpoint: invoice-lead-call", "    |     ^^^^^^^^^^"]
    assert "= for example: invoice.issued → " in shown[3]
    assert shown[3].endswith("invoice-lead-call: completed_concern → the end")
    assert "= to mend it: add to its outcomes: completed_concern:" in shown[4]
    assert shown[-1] == "1 warning"


@pytest.mark.parametrize(
    ("breaks", "words", "code"), [(warn, (), 0), (warn, ("--strict",), 1), (fail, (), 1), (fail, ("--severity", "error"), 1)]
)
def test_errors_fail_and_warnings_only_when_asked(
    check: Run, folder: Path, breaks: Callable[[Path], None], words: tuple[str, ...], code: int
) -> None:
    breaks(folder)

    assert check(*words).exit_code == code


def test_only_findings_that_are_bad_enough_are_shown(check: Run, folder: Path) -> None:
    warn(folder)
    fail(folder)

    shown = check("--severity", "error").output

    assert "TP101" in shown
    assert "TP105" not in shown


def test_files_that_are_named_are_the_only_ones_that_are_shown(check: Run, folder: Path) -> None:
    warn(folder)
    fail(folder)

    assert "TP101" not in check("playbooks/invoice-reminders.yaml").output
    assert "1 file is fine" in check("playbooks/visit-reminder.yaml").output
    both = check("playbooks/invoice-reminders.yaml", "playbooks/quote-follow-up.yaml").output
    assert "TP105" in both
    assert "TP101" in both


def test_words_belong_to_the_playbook_that_says_them(check: Run, folder: Path) -> None:
    (folder / "voicemails" / "visit-reminder.md").write_text("Hello, we come tomorrow. Call (312) 555-0100.\n")

    assert "voicemails/visit-reminder.md:1:1: error TP311" in check("playbooks/visit-reminder.yaml").output
    assert "TP311" not in check("playbooks/quote-follow-up.yaml").output


def test_a_file_that_is_not_there_is_said(check: Run) -> None:
    result = check("playbooks/none.yaml", "playbooks/quote-follow-up.yaml")

    assert "there is no such file" in str(result.exception)


def test_a_byte_that_is_no_text_is_a_finding(check: Run, folder: Path) -> None:
    (folder / "texts" / "visit-reminder.md").write_bytes(b"Caf\xe9")

    result = check()

    assert result.exit_code == 1
    assert "texts/visit-reminder.md:1:1: error TP012: byte 3 is not UTF-8" in result.output


def test_json_has_every_part_of_a_finding(check: Run, folder: Path) -> None:
    warn(folder)

    (finding,) = json.loads(check("--format", "json").stdout)["findings"]

    assert finding.keys() == {"code", "severity", "file", "line", "column", "message", "path", "fix", "playbook", "beside"}
    assert (finding["code"], finding["line"], finding["playbook"]) == ("TP105", 81, "invoice-reminders")
    assert finding["beside"] == []


def second(folder: Path) -> None:
    """A second playbook about quotes, which meets the first one."""
    text = (folder / "quote-follow-up.yaml").read_text()
    (folder / "quote-promo.yaml").write_text(text.replace("playbook: quote-follow-up", "playbook: quote-promo", 1))


@pytest.mark.parametrize("file", ["quote-promo.yaml", "quote-follow-up.yaml"])
def test_a_file_whose_playbook_meets_another_one_is_not_called_fine(check: Run, folder: Path, file: str) -> None:
    second(folder)

    shown = check(f"playbooks/{file}").output

    assert "warning TP601" in shown
    assert "is fine" not in shown
    assert "1 file is fine" in check("playbooks/visit-reminder.yaml").output


def test_json_and_sarif_name_every_playbook_that_a_finding_is_about(check: Run, folder: Path) -> None:
    second(folder)
    both = {"quote-follow-up", "quote-promo"}

    listed = [f for f in json.loads(check("--format", "json").stdout)["findings"] if f["code"] == "TP601"]
    results = [r for r in json.loads(check("--format", "sarif").stdout)["runs"][0]["results"] if r["ruleId"] == "TP601"]

    assert [{f["playbook"], *f["beside"]} for f in listed] == [both]
    assert [{r["properties"]["playbook"], *r["properties"]["beside"]} for r in results] == [both]


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        ("event: quote.sent", "event: quote.snt", "TP017", "lifecycle.yaml has no event 'quote.snt'"),
        ("\nplaybook: quote-follow-up", "\nplaybook: quote-folow-up", "TP017", "there is no playbook 'quote-folow-up'"),
        ("touchpoint: quote-thanks", "touchpoint: quote-thank", "TP017", "has no touchpoint 'quote-thank'"),
        ("rehearsals:", "rehersals:", "TP003", "'rehersals' is not known here"),
        ("\nsubject: ", "\n\tsubject: ", "TP002", "tab"),
    ],
)
def test_a_rehearsal_that_cannot_be_played_is_found_at_its_place(
    check: Run, folder: Path, old: str, new: str, code: str, said: str
) -> None:
    replace(folder / "rehearsals" / "quote-follow-up.yaml", old, new)

    for words in ((), ("playbooks/rehearsals/quote-follow-up.yaml",)):
        result = check(*words)
        assert result.exit_code == 1
        found = re.search(rf"^rehearsals/quote-follow-up\.yaml:(\d+):\d+: error {code}: .*{re.escape(said)}", result.output, re.M)
        assert found is not None, result.output
        assert int(found[1]) > 1
    assert "1 file is fine" in check("playbooks/rehearsals/visit-reminder.yaml").output


def test_a_rehearsal_that_is_no_text_is_a_finding(check: Run, folder: Path) -> None:
    (folder / "rehearsals" / "quote-follow-up.yaml").write_bytes(b"Caf\xe9")

    assert "rehearsals/quote-follow-up.yaml:1:1: error TP012" in check().output


def test_rehearsals_are_read_as_far_as_they_can_be_while_a_playbook_cannot(check: Run, folder: Path) -> None:
    replace(folder / "visit-reminder.yaml", "title:", "tilte:")
    replace(folder / "rehearsals" / "quote-follow-up.yaml", "rehearsals:", "rehersals:")

    shown = check().output

    assert "visit-reminder.yaml:" in shown
    assert "rehearsals/quote-follow-up.yaml:" in shown
    assert "rehearsals/visit-reminder.yaml:" not in shown


def test_sarif_is_what_code_hosts_read(check: Run, folder: Path) -> None:
    warn(folder)
    fail(folder)

    result = check("--format", "sarif")
    log = json.loads(result.stdout)

    assert result.exit_code == 1
    assert shape_of_sarif(log) == []
    found = {r["ruleId"]: r for r in log["runs"][0]["results"]}
    where = found["TP101"]["locations"][0]["physicalLocation"]
    assert where["artifactLocation"]["uri"] == "playbooks/quote-follow-up.yaml"
    assert where["region"] == {"startLine": 11, "startColumn": 10}


def test_sarif_without_findings_says_so(check: Run) -> None:
    log = json.loads(check("--format", "sarif").stdout)

    assert shape_of_sarif(log) == []
    assert log["runs"][0]["results"] == []


def test_a_finding_keeps_its_fingerprint_when_lines_move() -> None:
    one, moved = (Finding("TP105", "warning", "a b.yaml", line, 5, "when") for line in (7, 9))

    first, second = sarif([one, moved], "play")["runs"][0]["results"]

    assert first["partialFingerprints"] == second["partialFingerprints"]
    assert first["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "play/a%20b.yaml"


def test_the_mark_stands_below_its_word_also_beside_wide_letters() -> None:
    finding = Finding("TP105", "warning", "x.yaml", 1, 6, "when")

    shown = list(lines([finding], {"x.yaml": "日本語: touchpoint\x1b[31m"}))

    assert shown[1] == " 1 | 日本語: touchpoint [31m"
    assert shown[2] == "   |         ^^^^^^^^^^"


def shape_of_sarif(log: Any) -> list[str]:
    """What SARIF 2.1.0 asks of a log and this one does not have (sections 3.13, 3.14, 3.19, 3.27, 3.28, 3.29, 3.49)."""
    wrong = []
    if log.get("version") != "2.1.0" or not isinstance(log.get("runs"), list):
        wrong.append("version and runs")
    for run in log["runs"]:
        driver = run["tool"]["driver"]
        if not isinstance(driver.get("name"), str) or run.get("columnKind") not in ("utf16CodeUnits", "unicodeCodePoints"):
            wrong.append("driver.name, columnKind")
        ids = [rule["id"] for rule in driver["rules"]]
        if len(ids) != len(set(ids)) or any(not rule["shortDescription"]["text"] for rule in driver["rules"]):
            wrong.append("rules are unique and described")
        if any(rule["defaultConfiguration"]["level"] not in LEVELS for rule in driver["rules"]):
            wrong.append("levels of rules")
        for result in run["results"]:
            if result["level"] not in LEVELS or not result["message"]["text"] or ids[result["ruleIndex"]] != result["ruleId"]:
                wrong.append(f"result {result['ruleId']}")
            for location in result["locations"]:
                place = location["physicalLocation"]
                uri = place["artifactLocation"]["uri"]
                if " " in uri or "\\" in uri or uri.startswith("/"):
                    wrong.append(f"uri {uri}")
                if min(place["region"]["startLine"], place["region"]["startColumn"]) < 1:
                    wrong.append("region counts from 1")
    return wrong


LEVELS = ("none", "note", "warning", "error")


def test_the_most_contacts_are_shown_beside_what_the_house_allows(check: Run) -> None:
    shown = check("--most").output

    (visit,) = [line.split() for line in shown.splitlines() if line.startswith("visit-reminder ")]
    (allowed,) = [line.split() for line in shown.splitlines() if line.startswith("the house allows ")]
    assert visit[1:4] == ["5", "/", "10"]
    assert allowed[3:6] == ["3", "/", "10"]
    assert "can hold back playbooks beside each other" in " ".join(shown.split())


def test_the_table_in_the_documentation_is_what_the_command_shows(check: Run) -> None:
    document = (ROOT / "docs" / "lint.md").read_text()
    block = document.split("$ touchpoint check --most\n")[1].split("```")[0].strip().splitlines()

    shown = [line.rstrip() for line in check("--most").output.splitlines()]

    assert len(block) == 10
    assert shown[: len(block)] == block


def test_the_most_contacts_in_json_say_of_each_cap_what_is_known(check: Run) -> None:
    most = json.loads(check("--most", "--format", "json").stdout)["most"]

    each = [counts["contacts"]["week"] for counts in most["playbooks"].values()]
    assert most["one_of_each"]["contacts"]["week"] == sum(each)
    week = next(cap for cap in most["caps"] if cap["per"] == "week")
    assert (week["held_back"], week["alone"]) == ("beside", max(each))
    assert week["example"].count("→") >= 2


def test_the_most_contacts_of_what_cannot_be_loaded_are_not_told(check: Run, folder: Path) -> None:
    (folder / "texts" / "visit-reminder.md").write_bytes(b"Caf\xe9")

    assert "the house allows" not in check("--most").output
