"""`python -m tests.bench.lint`: how long it takes to check one playbook, and two hundred.

The two hundred are forty times the starter set, each copy on events of its own, as in a company with forty branches.
Prints; asserts nothing. Milliseconds of the processor, which other work on the machine does not change. Cold: in a process that has read no file yet, as on the command line; warm: one file changed, as in an editor.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable

from orchestrator.authoring import read_folder
from orchestrator.language import design as design_module
from orchestrator.language.design import load_design
from orchestrator.lint.finding import Finding
from orchestrator.lint.lint import check, lint
from tests.conftest import ROOT

COPIES = 40
_EVENT = re.compile(r"\b(lead|quote|visit|project|invoice|satisfaction)\.([a-z_]+)\b")


def one() -> dict[str, str]:
    """The starter set with a single playbook."""
    files = read_folder(ROOT / "playbooks")
    return {path: text for path, text in files.items() if "/" in path or path in _RULES or path == "quote-follow-up.yaml"}


def many() -> dict[str, str]:
    """Two hundred playbooks."""
    files = read_folder(ROOT / "playbooks")
    starters = [path for path in files if "/" not in path and path not in _RULES]
    design = load_design(files)
    made = {path: text for path, text in files.items() if path not in starters}
    events = []
    for copy in range(COPIES):
        for path in starters:
            name = path.removesuffix(".yaml")
            text = files[path].replace(f"playbook: {name}", f"playbook: {name}-{copy}", 1)
            made[f"{name}-{copy}.yaml"] = _EVENT.sub(rf"\g<1>{copy}.\g<2>", text)
        for event, declared in design.lifecycle.events.items():
            fields = ", ".join(f"{name}: {kind}" for name, kind in declared.fields.items())
            kind, _, what = event.partition(".")
            events.append(f"  {kind}{copy}.{what}: {{stage: {declared.stage}, fields: {{{fields}}}}}\n")
    stages = "".join(f"  {name}: {{title: {stage.title}}}\n" for name, stage in design.lifecycle.stages.items())
    made["lifecycle.yaml"] = f"stages:\n{stages}events:\n{''.join(events)}"
    return made


_RULES = ("lifecycle.yaml", "house-rules.yaml")


def main() -> None:
    wanted = sys.argv[1:] or ["one", "many"]
    if len(wanted) > 1:
        for each in wanted:  # a process of its own for each, which has read nothing yet
            subprocess.run([sys.executable, "-m", "tests.bench.lint", each], check=True)
        return
    files = one() if wanted == ["one"] else many()
    count = sum("/" not in path for path in files) - len(_RULES)
    caches_clear()
    findings = _said(f"{count} playbooks, cold", lambda: check(files))
    design = load_design(files)
    _said(f"{count} playbooks, loaded already", lambda: lint(design))
    path = next(path for path in files if path.startswith("quote-follow-up"))
    changed = {**files, path: f"{files[path]}\n# one more line\n"}
    _said(f"{count} playbooks, warm", lambda: check(changed))
    print(f"{len(findings)} findings")


def caches_clear() -> None:
    """Forget the files that were read to make the others."""
    design_module._parsed.cache_clear()
    design_module._words.cache_clear()


def _said(what: str, work: Callable[[], list[Finding]]) -> list[Finding]:
    began = time.process_time()
    found = work()
    print(f"{what}: {(time.process_time() - began) * 1000:,.0f} ms", flush=True)
    return found


if __name__ == "__main__":
    main()
