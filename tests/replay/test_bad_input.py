"""What is wrong is said before anything runs, with its place and what to do; on the command line in one calm sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.main import main
from orchestrator.errors import DatabaseError, InputError
from tests.replay.cases import HERE, play, write_log

ROWS = [("1003", "offer_sent", "2011-11-07 10:00"), ("1003", "offer_returned", "2011-11-07 12:00")]


def refused(tmp_path: Path, log: Path | None = None, **more: Any) -> str:
    """What a replay that cannot be done says."""
    with pytest.raises(InputError) as caught:
        play("loans", log or write_log(tmp_path / "log.csv", ROWS), tmp_path / "ledger", **more)
    assert not (tmp_path / "ledger").exists()
    return str(caught.value)


def outcomes(tmp_path: Path, text: str) -> Path:
    (tmp_path / "outcomes.yaml").write_text(text)
    return tmp_path / "outcomes.yaml"


def test_a_log_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert (
        refused(tmp_path, tmp_path / "nowhere.csv")
        == f"{tmp_path}/nowhere.csv: the file cannot be read: No such file or directory"
    )


@pytest.mark.parametrize("which", ["map", "outcomes"])
def test_a_file_that_is_not_there_is_named(tmp_path: Path, which: str) -> None:
    said = refused(tmp_path, **{which: tmp_path / "nowhere.yaml"})

    assert f"{tmp_path}/nowhere.yaml" in said
    assert "cannot be read" in said


def test_a_playbook_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert f"{tmp_path}/nowhere: there is no such folder" in refused(tmp_path, playbooks=tmp_path / "nowhere")


def test_a_column_that_the_log_does_not_have_is_named_with_one_that_it_has(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("event_id,case_ident,event_type,occurred_at,amount_requested,resource\n")

    assert refused(tmp_path, log) == f"{log}: the file has no column 'case_id' (did you mean 'case_ident'?)"


def test_csv_without_a_map_is_told_to_need_one(tmp_path: Path) -> None:
    assert "a CSV file needs a map" in refused(tmp_path, map=None)


def test_a_log_without_an_event_is_no_log(tmp_path: Path) -> None:
    assert "there is no event in it" in refused(tmp_path, write_log(tmp_path / "log.csv", []))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("defautl: no_answer\n", "outcomes.yaml:1:1: 'defautl' is not known here (did you mean 'default'?)"),
        ("default: disposition_missing\n", "outcomes.yaml:1:10: 'disposition_missing' is no disposition ("),
        ("default: nobody_home\n", "outcomes.yaml:1:10: 'nobody_home' is no disposition ("),
        ("rules:\n  - when: {try: 1}\n    disposition: compleeted\n", "yaml:3:18: 'compleeted' is no disposition (did you mean 'completed'?)"),
        ("rules:\n  - when: {touchpoint: offer-chek-in}\n    disposition: busy\n", "yaml:2:24: no playbook has a call 'offer-chek-in' (did you mean"),
        ("rules:\n  - when: {touchpoint: offer-thanks}\n    disposition: busy\n", "yaml:2:24: no playbook has a call 'offer-thanks'"),
        ("rules:\n  - when: {playbook: offers}\n    disposition: busy\n", "yaml:2:22: there is no playbook 'offers'"),
        ("rules:\n  - when: {subject_hash_percent: [40, 20]}\n    disposition: busy\n", "yaml:2:34: [40, 20] is no share (write two percents"),
        ("queues:\n  ofers: {minutes_until_taken: 5}\n", "yaml:2:3: no call goes to a queue 'ofers' (did you mean 'offers'?)"),
        ("talk_minutes: 45\n", "yaml:1:15: '45' is too large (at most 29)"),
        ("minutes_until_taken: -3\n", "yaml:1:22: -3 minutes cannot be (write a number from 0"),
        ("default: [", "yaml:"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_outcomes_is_told_with_line_column_and_a_hint(tmp_path: Path, text: str, said: str) -> None:
    assert said in refused(tmp_path, outcomes=outcomes(tmp_path, text))


def test_a_row_that_cannot_be_read_stops_the_replay_with_its_number(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.csv", ROWS)
    log.write_text(log.read_text().replace("2011-11-07T12:00:00+01:00", "noon"))

    said = refused(tmp_path, log)

    assert f"{log}, row 2: time: column 'occurred_at' holds no moment" in said
    assert "--skip-bad" in said


def test_bad_rows_are_left_out_and_counted_when_that_is_asked_for(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.csv", ROWS)
    log.write_text(log.read_text().replace("2011-11-07T12:00:00+01:00", "noon"))

    summary = play("loans", log, tmp_path / "ledger", skip_bad=True)

    assert (summary.rows, summary.left_out, dict(summary.events)) == (2, {"not readable": 1}, {"accepted": 1})
    assert "row 2" in summary.bad[0].place


def test_a_database_that_was_used_before_is_refused(tmp_path: Path) -> None:
    log, url = write_log(tmp_path / "log.csv", ROWS), f"sqlite:///{tmp_path}/kept.sqlite3"
    play("loans", log, tmp_path / "ledger", database=url)

    with pytest.raises(DatabaseError, match="must be empty"):
        play("loans", log, tmp_path / "ledger", database=url)


def test_a_ledger_that_cannot_be_written_is_told_before_the_replay(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the ledger cannot be written"):
        play("loans", write_log(tmp_path / "log.csv", ROWS), tmp_path / "no" / "such" / "ledger")


def test_the_settings_of_the_machine_never_lead_to_a_real_provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOUCHPOINT_EMAIL_VIA", "a-provider")  # would be refused if anybody looked at it
    monkeypatch.setenv("TOUCHPOINT_LEDGER_FILE", str(tmp_path / "sent"))
    monkeypatch.setenv("TOUCHPOINT_DATABASE_URL", f"sqlite:///{tmp_path}/live.sqlite3")

    play("loans", write_log(tmp_path / "log.csv", ROWS[:1]), tmp_path / "ledger")

    assert sorted(p.name for p in tmp_path.iterdir()) == ["ledger", "log.csv"]


def command(log: Path, ledger: Path, *more: str) -> list[str]:
    folder = HERE / "loans"
    words = ["touchpoint", "replay", str(log), "--map", str(folder / "map.yaml"), "--playbooks", str(folder / "playbooks")]
    return [*words, "--outcomes", str(folder / "outcomes.yaml"), "--ledger", str(ledger), *more]


def test_the_command_writes_the_ledger_and_says_what_happened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", command(write_log(tmp_path / "log.csv", ROWS), tmp_path / "ledger.jsonl"))

    with pytest.raises(SystemExit) as left:
        main()

    said = " ".join(capsys.readouterr().out.split())
    assert not left.value.code
    assert "accepted 2" in said
    assert "offer-follow-up: goal 1" in said
    assert "offer-thanks 1" in said
    assert "2 touches from 2011-11-07 to 2011-11-07 are in" in said
    assert len((tmp_path / "ledger.jsonl").read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--until", "next week"), "--until: 'next week' is no moment"),
        (("--map", "nowhere.yaml"), "nowhere.yaml: the map cannot be read"),
    ],
)
def test_the_command_says_what_is_wrong_and_leaves_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], more: tuple[str, ...], said: str
) -> None:
    monkeypatch.setattr("sys.argv", command(write_log(tmp_path / "log.csv", ROWS), tmp_path / "ledger.jsonl", *more))

    with pytest.raises(SystemExit) as left:
        main()

    assert left.value.code == 2
    assert said in " ".join(capsys.readouterr().err.split())
