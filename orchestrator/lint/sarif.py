"""Findings as SARIF 2.1.0, which code hosts and editors show beside the lines: docs.oasis-open.org/sarif/sarif/v2.1.0."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from orchestrator.lint.codes import CODES
from orchestrator.lint.finding import Finding

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"


def sarif(findings: Sequence[Finding], folder: str = "") -> dict[str, Any]:
    """One run. folder: of the playbooks, relative to the root of the repository, so that places are found there."""
    used = [code for code in CODES if any(finding.code == code for finding in findings)]
    rules = [
        {
            "id": code,
            "shortDescription": {"text": CODES[code].title},
            "help": {"text": CODES[code].fix or CODES[code].title},
            "defaultConfiguration": {"level": CODES[code].severity},
        }
        for code in used
    ]
    driver = {"name": "touchpoint check", "rules": rules}
    results = [_result(finding, used.index(finding.code), folder) for finding in findings]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(finding: Finding, rule: int, folder: str) -> dict[str, Any]:
    message = finding.message
    message += f"\nFor example: {finding.path}" if finding.path else ""
    message += f"\nTo mend it: {finding.fix}" if finding.fix else ""
    where = {
        "artifactLocation": {"uri": quote("/".join(part for part in (folder, finding.file) if part))},
        "region": {"startLine": finding.line, "startColumn": finding.column},
    }
    same = (
        f"{finding.code}|{finding.file}|{finding.message}"  # without the line: it stays the same finding when lines above change
    )
    return {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": finding.severity,
        "message": {"text": message},
        "locations": [{"physicalLocation": where}],
        "partialFingerprints": {"touchpointFinding/v1": hashlib.sha256(same.encode()).hexdigest()[:32]},
        "properties": {"counterExample": finding.path, "playbook": finding.playbook, "beside": list(finding.beside)},
    }
