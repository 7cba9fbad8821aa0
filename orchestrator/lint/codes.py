"""Every finding that lint knows, by its code. docs/lint.md shows the same table; codes are never given a second meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.lint.finding import Severity


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of finding. error: it cannot be published; warning: it works, and hardly as meant; note: worth knowing."""

    code: str
    severity: Severity
    title: str
    fix: str = ""


_ALL = (
    # -- what loading refuses (lint/loading.py tells them apart)
    Code("TP001", "error", "the file cannot be used as it is"),
    Code("TP002", "error", "this is no YAML that playbooks may use"),
    Code("TP003", "error", "a key is missing, unknown or twice"),
    Code("TP004", "error", "a value does not fit"),
    Code("TP005", "error", "a name that is declared nowhere"),
    Code("TP006", "error", "a condition cannot be read"),
    Code("TP007", "error", "a value that may be missing is printed or used"),
    Code("TP008", "error", "a step that nothing leads to"),
    Code("TP009", "error", "a loop without an end"),
    Code("TP010", "error", "a wait without a time-out"),
    Code("TP011", "error", "an ending that this channel does not have"),
    Code("TP012", "error", "a file is missing, or nothing reads it"),
    Code("TP013", "error", "a word file cannot be said as it is"),
    Code("TP014", "error", "an automatic call promises what is not kept"),
    Code("TP015", "error", "an event both starts and stops the playbook"),
    Code("TP016", "error", "a call that nobody can take"),
    Code("TP017", "error", "a rehearsal that cannot be played"),
    # -- the graph
    Code("TP101", "error", "a step that is never reached", "change the condition, or delete what stands below it"),
    Code("TP102", "warning", "a condition that always answers the same", "delete the 'if', or compare with another value"),
    Code("TP103", "warning", "an outcome that is never used", "delete it"),
    Code("TP104", "warning", "an ending that cannot happen"),
    Code("TP105", "warning", "a concern that nobody takes up", "add to its outcomes: completed_concern: [{touchpoint: …, call: …, queue: …}]"),
    Code("TP106", "warning", "contact goes on after an ending that should end it", "lead it to goal or exit"),
    Code("TP111", "error", "a wait for what ends the playbook", "delete the event from the wait, or from stops_on"),
    Code("TP112", "error", "a wait for what has already come", "wait for another event, or write 'wait: …' when only time is to pass"),
    # -- stops, events and words
    Code("TP201", "warning", "nothing that happens ends the playbook", "add stops_on: {quote.accepted: goal, …}"),
    Code("TP202", "warning", "a second start event is ignored, and its moment with it", "write re_entry: restart"),
    Code("TP203", "warning", "an event of another subject", "delete it: contact ends by itself when a customer opts out"),
    Code("TP204", "warning", "an event that ends it is heard only while it is waited for", "name it in stops_on as well"),
    Code("TP211", "warning", "an answer that nobody asked for by then", "ask it in an earlier script, or delete what looks at it"),
    Code("TP221", "warning", "a script without words for an ending that its step handles"),
    Code("TP231", "warning", "an event that nothing here causes"),
    Code("TP232", "note", "an event that no playbook uses", "use it in a playbook, or delete it from lifecycle.yaml"),
    # -- purpose, owner, and what the law wants
    Code("TP301", "warning", "nobody owns it", "write who answers for it, e.g. owner: sales-ops"),
    Code("TP302", "note", "its purpose is not said", "write purpose: service or purpose: marketing"),
    Code("TP303", "warning", "answers go nowhere", "name the owner's address in house-rules.yaml (owners), or the company's (company.email)"),
    Code("TP311", "error", "a voicemail that does not say who is calling", "say {{ house.name }}"),
    Code("TP312", "warning", "a voicemail without a number to call", "say {{ house.phone }}: a machine presses no key to get no more calls"),
    Code("TP321", "error", "marketing e-mail without a postal address", "write company: {address: …} in house-rules.yaml"),
    Code("TP322", "error", "marketing text without a way out", "end it with: Reply STOP to get no more texts"),
    # -- time: windows, delays, dates
    Code("TP401", "error", "a step whose contact window never opens", "give it a contact_window that has hours in common with never_outside"),
    Code("TP402", "warning", "a step that never comes where the time zone is unknown", "choose a wider contact_window, or fewer time_zones"),
    Code("TP403", "warning", "a time of day at which its window is always shut", "choose another 'at', or another contact_window"),
    Code("TP404", "error", "a step that is only reached when its date has passed", "move it before the wait, or give it another date"),
    Code("TP405", "warning", "a call that is lost in the evening", "let it wait longer (due_within), or add a step after it that catches it"),
    Code("TP406", "error", "a step that is due after the playbook has given up", "write a longer gives_up_after, or shorter delays before it"),
    Code("TP407", "note", "a try at a time of day at which its window is always shut", "choose a wider contact_window, or other times_of_day"),
    Code("TP408", "note", "a delay after which its window is always shut", "write 'at' with the hour that is meant, or a wider contact_window"),
    Code("TP409", "warning", "marketing at hours that the law of a country forbids", "give it a contact_window within these hours"),
    # -- how often
    Code("TP501", "warning", "the house's cap for a day holds this playbook back", "put more time between the contacts, or leave one out"),
    Code("TP502", "warning", "the house's cap for a week holds this playbook back", "put more time between the contacts, or leave one out"),
    Code("TP503", "note", "too many ways to tell whether the caps hold it back", "give its calls fewer tries, or make two playbooks of it"),
    Code("TP504", "warning", "the house's cap holds it back beside another playbook", "let one of them wait, or end it when the other starts"),
    # -- playbooks beside each other
    Code("TP601", "warning", "two playbooks contact the same customer on one day", "let one of them wait, or part them by only_if"),
    Code("TP602", "note", "one event starts two playbooks", "part them by only_if when a customer is to go through one of them"),
    Code("TP603", "error", "playbooks that start each other for ever", "write re_entry: never, or an only_if that leaves out event.playbook"),
    Code("TP604", "note", "not every two playbooks were laid beside each other", "mend the TP601 that are shown, then check again"),
    # -- lint itself
    Code("TP901", "error", "a check failed", "report it, with the files that it was about: the fault is in touchpoint"),
)  # fmt: skip

CODES: Mapping[str, Code] = {code.code: code for code in _ALL}
