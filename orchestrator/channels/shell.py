"""What stands around every e-mail: the company above, who sends it and how to stop it below, in HTML and as text.

Made once for a company. Tags such as -tp-html-body- stand where a customer's part goes; the styles are written into the elements,
because many mail programs read no others, and a style sheet for dark screens follows for those that do.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from orchestrator.channels.base import Company

# No tag is part of another, and none has a letter that HTML or JSON would escape.
HTML_BODY, TEXT_BODY, PREHEADER = "-tp-html-body-", "-tp-text-body-", "-tp-preheader-"
HTML_STOP, TEXT_STOP = "-tp-html-stop-", "-tp-text-stop-"
SIGN = "-tp-"  # every tag has it: a value with it is never sent as a value

_STYLE = """
body { margin: 0; padding: 0; background: #eef1f4; -webkit-text-size-adjust: 100%; }
.preheader { display: none; max-height: 0; max-width: 0; overflow: hidden; opacity: 0; font-size: 1px; line-height: 1px; mso-hide: all; }
.page { width: 100%; background: #eef1f4; }
.outside { padding: 24px 12px; }
.sheet { width: 100%; max-width: 600px; background: #ffffff; border: 1px solid #d5dbe1; border-radius: 8px; border-collapse: separate; }
.head { padding: 24px 32px 0; font: bold 18px/24px Arial, sans-serif; color: #16324f; }
.body { padding: 20px 32px 8px; font: 16px/24px Arial, sans-serif; color: #1c2733; overflow-wrap: anywhere; }
.foot { padding: 16px 32px 24px; border-top: 1px solid #d5dbe1; font: 13px/20px Arial, sans-serif; color: #55606e; }
.foot a { color: #55606e; }
"""
_FOR_DARK_AND_SMALL = """
:root { color-scheme: light dark; supported-color-schemes: light dark; }
@media (max-width: 480px) { .head, .body, .foot { padding-left: 20px !important; padding-right: 20px !important; } }
@media (prefers-color-scheme: dark) {
body, .page { background: #12171d !important; }
.sheet { background: #1d252e !important; border-color: #36424f !important; }
.head, .body { color: #e8edf2 !important; }
.body a { color: #9cc8f5 !important; border-color: #9cc8f5 !important; }
.foot { border-color: #36424f !important; }
.foot, .foot a, .legend { color: #aebac6 !important; }
}
"""
_PADDING = "&#847;&zwnj;&nbsp;" * 90  # keeps the body's first words out of the inbox's preview


@dataclass(frozen=True, slots=True)
class Shell:
    """HTML and text with tags in them; equal for messages that can go together."""

    html: str
    text: str


def shell(company: Company, *, preheader: bool, stop: bool) -> Shell:
    """The shell of a company's e-mails. preheader, stop: whether it has a place for them."""
    from css_inline import CSSInliner

    page = _page(company, preheader=preheader, stop=stop)
    # Nothing is ever fetched: by default the inliner would load style sheets that it finds.
    inlined = CSSInliner(load_remote_stylesheets=False, extra_css=_STYLE).inline(page)
    # Put in afterwards: it stays a style sheet, and nothing of it is written into elements.
    styled = inlined.replace("</head>", f"<style>{_FOR_DARK_AND_SMALL}</style></head>", 1)
    return Shell(re.sub(r">\s*\n\s*<", "><", styled), _text(company, stop=stop))


def _page(company: Company, *, preheader: bool, stop: bool) -> str:
    name = html.escape(company.name)
    hidden = f'<div class="preheader">{PREHEADER}{_PADDING}</div>' if preheader else ""
    head = f'<tr><td class="head">{name}</td></tr>' if name else ""
    below = "<br>".join(html.escape(line) for line in _who(company))
    if stop:
        below += ("<br>" if below else "") + f'<a href="{HTML_STOP}">Stop these e-mails</a>'
    foot = f'<tr><td class="foot">{below}</td></tr>' if below else ""
    # Outlook's own layout knows no max-width: it reads the comment and gets a table of 600 pixels.
    return f"""<!DOCTYPE html>
<html lang="en" dir="ltr"><head><meta charset="utf-8"><title>{name or "E-mail"}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="date=no,address=no"></head>
<body>{hidden}
<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" border="0"><tr><td class="outside" align="center">
<!--[if mso]><table role="presentation" width="600"><tr><td><![endif]-->
<table role="presentation" class="sheet" cellpadding="0" cellspacing="0" border="0" align="center">
{head}<tr><td class="body">{HTML_BODY}</td></tr>{foot}</table>
<!--[if mso]></td></tr></table><![endif]-->
</td></tr></table></body></html>"""


def _text(company: Company, *, stop: bool) -> str:
    lines = _who(company) + ([f"Stop these e-mails: {TEXT_STOP}"] if stop else [])
    return f"{TEXT_BODY}\n" + ("\n-- \n" + "\n".join(lines) + "\n" if lines else "")


def _who(company: Company) -> list[str]:
    """Who sends it, on lines of their own; also the postal address, which commercial e-mail has to carry."""
    name = f"Sent by {company.name}" if company.name else ""
    return [" ".join(line.split()) for line in (name, company.address, company.phone) if line.strip()]
