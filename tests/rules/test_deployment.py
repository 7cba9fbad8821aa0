"""The image and the compose file, as far as they can be checked where no containers run."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.rules.sources import ROOT

QUEUES = ("email", "text", "voice", "call", "inbox", "upkeep")
TASK_TIME_LIMIT_S = 60  # of a task in workers/
ONE_SHOT = "migrate"

Service = dict[str, Any]  # YAML as it comes


def services() -> dict[str, Service]:
    """The services of the compose file, anchors resolved."""
    loaded: dict[str, dict[str, Service]] = YAML(typ="safe").load((ROOT / "docker-compose.yml").read_text())
    return loaded["services"]


def instructions() -> list[str]:
    """The lines of the Dockerfile, continued ones joined."""
    return (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()


def commands() -> list[str]:
    """Each `touchpoint …` command that the image and the compose file run."""
    shell = [" ".join(service["command"]) for service in services().values() if "command" in service]
    shell += [" ".join(re.findall(r'"([^"]+)"', line)) for line in instructions() if line.startswith("CMD [")]
    return sorted({one.strip() for line in shell for one in re.findall(r"touchpoint [^&;|]*", line)})


def seconds(duration: str) -> int:
    """A compose duration in seconds: "90s", "2m"."""
    number, unit = re.fullmatch(r"(\d+)(s|m)", duration).groups()  # type: ignore[union-attr]  # anything else is a fault
    return int(number) * {"s": 1, "m": 60}[unit]


def baked_secrets(service: Service) -> list[str]:
    """Names of secrets that have a value in the file itself instead of coming from the environment or failing."""
    named: dict[str, str] = service.get("environment", {})
    secret = {name: str(value) for name, value in named.items() if re.search("PASSWORD|SECRET|TOKEN|KEY", name)}
    return [name for name, value in secret.items() if not re.fullmatch(r"\$\{\w+:\?[^}]+\}", value)]


@pytest.mark.parametrize("queue", QUEUES)
def test_every_queue_has_a_worker_that_may_finish_its_task(queue: str) -> None:
    worker = services()[f"worker-{queue}"]

    assert queue in worker["command"][2:]
    assert seconds(worker["stop_grace_period"]) > TASK_TIME_LIMIT_S


def test_every_lasting_service_tells_whether_it_is_well() -> None:
    without = {name for name, service in services().items() if "test" not in service.get("healthcheck", {})}

    assert without == {ONE_SHOT, "web"}
    assert any(line.startswith("HEALTHCHECK") for line in instructions()), "the web relies on the image's own"


def test_nothing_of_ours_starts_before_the_database_is_migrated() -> None:
    for name, service in services().items():
        if service.get("image") == "touchpoint-orchestrator" and name != ONE_SHOT:
            assert service["depends_on"][ONE_SHOT] == {"condition": "service_completed_successfully"}, name


def test_no_secret_is_written_down() -> None:
    assert [name for service in services().values() for name in baked_secrets(service)] == []
    example = (ROOT / ".env.example").read_text()
    assert [line for line in example.splitlines() if re.match(r"\w*(PASSWORD|SECRET|TOKEN|KEY)\w*=.", line)] == []
    assert not [line for line in instructions() if re.match(r"(ENV|ARG) .*(PASSWORD|SECRET|TOKEN|KEY)", line)]


def test_what_must_be_filled_in_is_in_the_example() -> None:
    asked_for = set(re.findall(r"\$\{(\w+):\?", (ROOT / "docker-compose.yml").read_text()))

    assert asked_for <= set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()


def test_the_image_runs_as_nobody_in_particular() -> None:
    users = [line.split()[1] for line in instructions() if line.startswith("USER ")]

    assert users
    assert users[-1] not in {"root", "0"}


def test_the_image_has_what_it_copies() -> None:
    copied = [word for line in instructions() if line.startswith("COPY ") and "--from" not in line for word in line.split()[1:-1]]
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}

    assert set(copied) <= sent
    assert [name for name in copied if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("command", sorted({re.sub(r"(worker) .*", r"\1 email", command) for command in commands()}))
def test_the_command_exists(command: str) -> None:
    module, _, name = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]["touchpoint"].partition(":")
    words = command.split()[1:]

    asked = subprocess.run(
        [sys.executable, "-c", f"from {module} import {name}; {name}()", *words, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert asked.returncode == 0, asked.stderr
    assert words[0] in asked.stdout


def test_a_written_down_secret_is_seen() -> None:
    assert baked_secrets({"environment": {"POSTGRES_PASSWORD": "hunter2"}}) == ["POSTGRES_PASSWORD"]
    assert baked_secrets({"environment": {"API_KEY": "${API_KEY:-test}"}}) == ["API_KEY"]
    assert baked_secrets({"environment": {"API_KEY": "${API_KEY:?set it}", "POSTGRES_USER": "me"}}) == []


def test_the_commands_are_found() -> None:
    assert {"touchpoint db upgrade", "touchpoint publish", "touchpoint serve --web-only", "touchpoint beat"} <= set(commands())
