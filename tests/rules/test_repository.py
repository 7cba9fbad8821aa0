"""What holds for the project's files beside the code: the Makefile, the documents, and every file that is handed on."""

from __future__ import annotations

import ast
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.rules.sources import ROOT

SETTINGS = ROOT / "orchestrator" / "config.py"
NAMING_SETTINGS = ("docs/settings.md", "docker-compose.yml", ".env.example", "Dockerfile", "README.md")
# Written apart, so that this file does not itself name the hosts it looks for.
PACKAGE_HOSTS = tuple(
    ".".join(words)
    for words in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("deb", "debian", "org"),
    )
)


def package_hosts_in(text: str) -> list[str]:
    """The hosts of package registries that a text names: what a lock or a document must not tie us to."""
    return [host for host in PACKAGE_HOSTS if host in text]


def helpless_targets(makefile: str) -> list[str]:
    """Targets of a Makefile that a person can name and that carry no `## help`."""
    named = re.findall(r"^([a-z][\w-]*):(?!=)(.*)$", makefile, re.MULTILINE)
    return [name for name, rest in named if not re.search(r"## \w+", rest)]


def settings_of(config: str) -> set[str]:
    """The environment variables that the settings class reads, and any other that the file names."""
    found = set(re.findall(r"\bTOUCHPOINT_[A-Z][A-Z_]*[A-Z]\b", config))
    for node in ast.walk(ast.parse(config)):
        if isinstance(node, ast.ClassDef) and any("BaseSettings" in ast.unparse(base) for base in node.bases):
            fields = [f.target.id for f in node.body if isinstance(f, ast.AnnAssign) and isinstance(f.target, ast.Name)]
            found |= {f"TOUCHPOINT_{name.upper()}" for name in fields if name != "model_config"}
    return found


def test_no_file_names_a_package_host() -> None:
    found = [f"{path}: {host}" for path in _tracked() for host in package_hosts_in(_text(path))]

    assert not found, "\n".join(found)


def test_the_lock_has_hashes_and_no_addresses() -> None:
    lock = (ROOT / "requirements.lock").read_text()

    assert "://" not in lock
    pins = re.findall(r"^[a-z][^ ]*==.*(?:\n +--hash=sha256:[0-9a-f]{64}.*)+", lock, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^[^ #\n]", lock, re.MULTILINE)) > 50


def test_every_make_target_has_help() -> None:
    makefile = (ROOT / "Makefile").read_text()

    assert helpless_targets(makefile) == []
    for target in ("demo", "test", "check", "bench", "lock", "clean"):
        assert f"\n{target}:" in makefile


def test_ci_gets_a_browser_checks_and_tests_and_does_nothing_else() -> None:
    script = ROOT / ".ci" / "run"

    lines = [line for line in script.read_text().splitlines() if line and not line.startswith(("#", "cd "))]

    assert lines == ["set -euo pipefail", "make browser", "make check", "make test"]
    assert os.access(script, os.X_OK)


def test_every_setting_is_explained() -> None:
    settings = settings_of(_text(SETTINGS))
    explained = _text(ROOT / "docs" / "settings.md")

    assert settings, "no settings found: has the class another base now?"
    assert sorted(name for name in settings if not re.search(rf"\b{name}\b", explained)) == []


@pytest.mark.parametrize("document", NAMING_SETTINGS)
def test_every_setting_that_is_named_exists(document: str) -> None:
    named = set(re.findall(r"\bTOUCHPOINT_[A-Z][A-Z_]*[A-Z]\b", _text(ROOT / document)))
    for_tests = {name for name in named if name.startswith("TOUCHPOINT_TEST_") or name == "TOUCHPOINT_SAMPLES"}

    assert sorted(named - for_tests - settings_of(_text(SETTINGS))) == []


def test_a_package_host_is_seen() -> None:
    assert package_hosts_in(f"--index-url https://{PACKAGE_HOSTS[0]}/simple") == [PACKAGE_HOSTS[0]]
    assert package_hosts_in("see https://www.apache.org/licenses/") == []


def test_a_make_target_without_help_is_seen() -> None:
    assert helpless_targets("BIN := x\ndemo: a ## Run it\nship: a b\n\tcp a b\n.PHONY: ship\n$(X)/y: z\n") == ["ship"]


def test_settings_are_found_in_the_class_and_in_the_text() -> None:
    config = (
        "class Settings(BaseSettings):\n    model_config = {}\n    database_url: str = ''\n\nos.environ['TOUCHPOINT_LOG_LEVEL']\n"
    )

    assert settings_of(config) == {"TOUCHPOINT_DATABASE_URL", "TOUCHPOINT_LOG_LEVEL"}


def _tracked() -> list[Path]:
    """What git knows or would add; skipped where this is not a checkout."""
    asked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode:
        pytest.skip("not in a git checkout")
    return [ROOT / name for name in asked.stdout.split("\0") if name]


def _text(path: Path) -> str:
    """The text of a file; empty for one that is deleted or not written yet."""
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
