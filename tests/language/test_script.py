"""Scripts as pages show them: sections, what to say, what to ask and when, objections, and customers' markup as letters."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from orchestrator.errors import PlaybookError, Problem
from orchestrator.language.script import Ask, Note, Say, Script, Section, shape
from orchestrator.language.words import Words, read_words

FRONT = """\
---
title: "Check in with {{ customer.name | default: 'them' }}"
goal: Hear what they think.
questions:
  feeling: {ask: How does it look?, kind: choice, choices: [good, too much money], required: true}
  budget: {ask: "What would fit, in *dollars*?", kind: number, required: true}
  concern: {ask: What bothers them?}
---
"""
NASTY = {
    "markup": "<img src=x onerror=1> & <b>bold</b>",
    "link": "[x](javascript:1)",
    "web address": "[x](https://example.com) <https://example.com>",
    "headings": "> said\n\n## Objections\n\n### Too dear\n\nPay up.\n\n## Opening\n\nNow.",
    "mark": "Dana\n\n[ask:concern]\n\n",
    "question": "[ask:concern] {% ask concern %} {{ house.name }}",
    "right to left": "abc \u202e\u2067 def",
    "emoji": "👩‍👩‍👧 🚒",
    "long": "x" * 10_000,
}


def words(body: str, front: str = FRONT) -> Words:
    return read_words("call", "check-in", front + body, "scripts/check-in.md")


def script(body: str, name: str = "Dana", front: str = FRONT, **answers: object) -> Script:
    made = words(body, front)
    facts: Mapping[str, object] = {"customer": {"name": name}, "answers": answers, "house": {"name": "Northside"}}
    return shape(made.render(facts), made.questions)


def problem(body: str) -> Problem:
    with pytest.raises(PlaybookError) as refused:
        words(body)
    assert len(refused.value.problems) == 1, refused.value
    return refused.value.problems[0]


def place(body: str, part: str) -> tuple[int, int]:
    text = FRONT + body
    at = text.index(part)
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def titles(made: Script) -> list[str]:
    return [s.title for s in made.sections]


def test_what_to_say_what_to_know_and_what_to_ask_keep_the_order_of_the_file() -> None:
    made = script("## Opening\n\n> Hello Dana.\n> Good morning.\n\nSmile.\n\n- one\n\n{% ask feeling %}\n\n> Bye.\n")

    (opening, rest) = made.sections
    say, note, ask, bye = opening.blocks
    assert isinstance(say, Say)
    assert say.html == "<p>Hello Dana.\nGood morning.</p>"
    assert note == Note("<p>Smile.</p>\n<ul>\n<li>one</li>\n</ul>")
    assert ask == Ask("feeling", "How does it look?", "choice", ("good", "too much money"), required=True)
    assert bye == Say("<p>Bye.</p>")
    assert rest.title == "Answers"


def test_questions_that_the_script_places_nowhere_come_last() -> None:
    made = script("## Opening\n\n> Hello.\n\n{% ask budget %}\n")

    assert made.sections[-1] == Section("Answers", (made.questions["feeling"], made.questions["concern"]), "answers")


def test_a_script_without_sections_is_one_without_a_title() -> None:
    assert titles(script("> Hello.\n")) == ["", "Answers"]


BRANCHES = """\
## Why

{% ask feeling %}

{% if answers.feeling == "too much money" %}
> Which part matters most?

{% ask budget %}
{% elsif answers.feeling == "good" %}
> Shall we book it?
{% endif %}
"""


def test_a_branch_opens_with_the_answer() -> None:
    before = script(BRANCHES)
    dear = script(BRANCHES, feeling="too much money")
    good = script(BRANCHES, feeling="good")

    assert [b.block for b in before.sections[0].blocks] == ["ask"]
    assert dear.sections[0].blocks[1:] == (Say("<p>Which part matters most?</p>"), dear.questions["budget"])
    assert good.sections[0].blocks[1:] == (Say("<p>Shall we book it?</p>"),)


def test_a_question_inside_a_branch_is_asked_and_required_only_there() -> None:
    before = script(BRANCHES)
    dear = script(BRANCHES, feeling="too much money")

    assert [q.name for q in before.missing({})] == ["feeling"]
    assert "budget" not in before.asked
    assert [q.name for q in dear.missing({"feeling": "too much money"})] == ["budget"]
    assert dear.missing({"feeling": "too much money", "budget": 900.0}) == ()
    assert titles(dear) == ["Why", "Answers"]


@pytest.mark.parametrize("condition", ["answers.budget > 500", 'answers.concern contains "roof"', "answers.concern"])
def test_conditions_on_what_is_not_answered_yet_do_not_hold(condition: str) -> None:
    made = script(f"> Hello.\n\n{{% if {condition} %}}\n> Now.\n{{% endif %}}\n")

    assert made.sections[0].blocks == (Say("<p>Hello.</p>"),)


SPECIAL = """\
## Opening

> Hello.

## What to listen for

- A sigh.

## Objections

They mean it kindly.

### Too *expensive*

> Which part?

### I need time

> Of course.

## If you reach voicemail

> Please call us.
"""


def test_objections_what_to_listen_for_and_the_voicemail_stand_apart() -> None:
    made = script(SPECIAL)

    assert [(s.title, s.kind) for s in made.sections] == [
        ("Opening", "usual"), ("What to listen for", "listen"), ("Objections", "usual"), ("Answers", "answers"),
    ]  # fmt: skip
    assert [(o.title, o.blocks) for o in made.objections] == [
        ("Too expensive", (Say("<p>Which part?</p>"),)),
        ("I need time", (Say("<p>Of course.</p>"),)),
    ]
    assert made.voicemail == (Say("<p>Please call us.</p>"),)


def test_special_sections_may_have_headings_of_ones_own() -> None:
    front = FRONT.replace("questions:", "sections: {objections: Einwände, voicemail: Anrufbeantworter}\nquestions:")

    made = script("## Einwände\n\n### Zu teuer\n\n> Welcher Teil?\n\n## Anrufbeantworter\n\n> Bitte rufen Sie an.\n", front=front)

    assert [o.title for o in made.objections] == ["Zu teuer"]
    assert len(made.voicemail) == 1


def test_a_voicemail_above_is_said_too() -> None:
    front = FRONT.replace("questions:", 'voicemail: "Call <us>, {{ customer.name }}."\nquestions:')

    assert script("> Hello.\n", front=front).voicemail == (Say("<p>Call &lt;us&gt;, Dana.</p>"),)


@pytest.mark.parametrize("name", NASTY.values(), ids=NASTY.keys())
def test_what_customers_are_called_comes_out_as_letters(name: str) -> None:
    front = FRONT if len(name) < 1_000 else FRONT.replace(" with {{ customer.name | default: 'them' }}", "")
    body = "## Opening\n\n> Hello {{ customer.name }}.\n\n## Objections\n\n### {{ customer.name | squish }} is busy\n\nWait.\n"
    made = script(body, name, front)

    shown = "".join(str(b) for s in made.sections for b in s.blocks) + "".join(str(b) for o in made.objections for b in o.blocks)
    assert "<img" not in shown
    assert "<b>" not in shown
    assert "href" not in shown
    assert "\u202e" not in shown + made.title
    assert titles(made) == ["Opening", "Answers"]
    assert len(made.objections) == 1
    assert [b.name for b in made.sections[-1].blocks if isinstance(b, Ask)] == ["feeling", "budget", "concern"]
    assert not any(isinstance(b, Ask) for b in made.sections[0].blocks)


def test_answers_are_letters_too() -> None:
    made = script(
        "> They said: {{ answers.concern | default: 'nothing' }}\n", concern="<script>alert(1)</script> {% ask feeling %}"
    )

    assert made.sections[0].blocks == (Say("<p>They said: &lt;script&gt;alert(1)&lt;/script&gt; {% ask feeling %}</p>"),)


def test_a_link_opens_outside_and_runs_nothing() -> None:
    made = script(
        "[ours](https://example.com) [no](javascript:alert(1)) [no](tel:+13125550142) [no](data:text/html,x) <b>no</b>\n"
    )

    (note,) = made.sections[0].blocks
    assert isinstance(note, Note)
    assert note.html.count("<a ") == 1
    assert '<a href="https://example.com" rel="noreferrer noopener" target="_blank">ours</a>' in note.html
    assert "&lt;b&gt;" in note.html


def test_whoever_reads_the_script_as_text_reads_the_questions_too() -> None:
    made = words("> Hello.\n\n{% ask feeling %}\n\n{% ask budget %}\n")

    body = made.render({"customer": {}, "answers": {}}).body
    assert "How does it look? (`feeling`: good, too much money)" in body
    assert r"What would fit, in \*dollars\*? (`budget`)" in body


@pytest.mark.parametrize(
    ("body", "part", "said", "hint"),
    [
        ("{% ask feelin %}\n", "ask feelin", "there is no question 'feelin'", "did you mean 'feeling'?"),
        ("{% if answers.feeling == 'godo' %}x{% endif %}y\n", "answers.feeling", "'godo' is no choice of 'feeling'", "did you mean 'good'?"),
        ("{% unless answers.feeling != 'bad' %}x{% endunless %}y\n", "answers.feeling", "'bad' is no choice of 'feeling'", "good"),
        (
            "{% case answers.feeling %}{% when 'good' %}x{% when 'dear' %}y{% endcase %}z\n",
            "answers.feeling", "'dear' is no choice of 'feeling'", "good",
        ),
        ("{% ask feeling %}\n\n{% ask feeling %}\n", "", "'feeling' is asked twice", "one place"),
        ("{% ask %}\n", "", "this cannot be read", ""),
        ("{% ask 'feeling' %}\n", "", "this cannot be read", ""),
        ("{% ask feeling %}x{% endask %}\n", "", "'{% endask %}' is not used here", "has no end"),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_their_place(body: str, part: str, said: str, hint: str) -> None:
    found = problem(body)

    assert found.problem.startswith(said)
    assert hint in found.hint
    if part:
        assert (found.line, found.column) == place(body, part)


def test_the_same_question_may_stand_in_two_branches() -> None:
    both = "{% if answers.feeling == 'good' %}{% ask budget %}{% else %}{% ask budget %}{% endif %}{% ask feeling %}\n"

    assert "budget" in script(both).asked


def test_only_scripts_ask() -> None:
    with pytest.raises(PlaybookError) as refused:
        read_words("email", "hello", "---\nsubject: Hi\n---\nHello.\n\n{% ask feeling %}\n", "emails/hello.md")

    assert [p.problem for p in refused.value.problems] == ["'{% ask %}' is for scripts"]
