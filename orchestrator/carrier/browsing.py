"""What people do with an e-mail: find a link, open it, and send the form on the page, as a browser would."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from orchestrator.carrier.wire import Ask, Reply, form
from orchestrator.carrier.world import World

BROWSER = {"User-Agent": "Mozilla/5.0 (rehearsal)", "Accept": "text/html,application/xhtml+xml"}
MOST_REDIRECTS = 5


@dataclass(frozen=True, slots=True)
class Link:
    url: str
    words: str


@dataclass(slots=True)
class Form:
    """A form on a page, with the fields as they stand when it is opened."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class Page(HTMLParser):
    """The links and forms of a page or an e-mail."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[Link] = []
        self.forms: list[Form] = []
        self._link: str | None = None
        self._words: list[str] = []
        self._form: Form | None = None
        self._button_pressed = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = {name: value or "" for name, value in attrs}
        if tag == "a" and at.get("href"):
            self._link, self._words = at["href"], []
        elif tag == "form":
            self._form = Form(at.get("action", ""), at.get("method", "get").upper())
            self._button_pressed = False
            self.forms.append(self._form)
        elif self._form is not None and at.get("name") and tag in {"input", "button", "textarea"}:
            self._field(self._form, tag, at)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._link is not None:
            self.links.append(Link(self._link, " ".join("".join(self._words).split())))
            self._link = None
        elif tag == "form":
            self._form = None

    def handle_data(self, data: str) -> None:
        if self._link is not None:
            self._words.append(data)

    def _field(self, form_: Form, tag: str, at: Mapping[str, str]) -> None:
        kind = at.get("type", "submit" if tag == "button" else "text").lower()
        if kind in {"checkbox", "radio"} and "checked" not in at:
            return
        if kind in {"submit", "image"}:
            if self._button_pressed:
                return  # a person presses one button: the first
            self._button_pressed = True
        if kind not in {"button", "reset"}:
            form_.fields[at["name"]] = at.get("value", "")


class Browser:
    """One person's browser, for one visit: keeps cookies, follows redirects, never leaves the rehearsal."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._cookies: dict[str, str] = {}

    def open(self, url: str) -> tuple[str, Reply]:
        """The page at an address, and the address where it ended."""
        return self._go(Ask("GET", url))

    def send_form(self, url: str, page: Reply) -> Reply | None:
        """Send the page's first form that is a POST; None when there is none."""
        for one in Page(page.text).forms:
            if one.method == "POST":
                return self._go(form("POST", urljoin(url, one.action), one.fields))[1]
        return None

    def unsubscribe(self, header: str) -> Reply:
        """What a mail program does when its own unsubscribe button is pressed (RFC 8058)."""
        url = one_click_url(header)
        return self._go(form("POST", url, {"List-Unsubscribe": "One-Click"}))[1] if url else Reply(0)

    def _go(self, ask: Ask) -> tuple[str, Reply]:
        for _ in range(MOST_REDIRECTS):
            if not self.world.may_browse(ask.url):
                return ask.url, Reply(0)
            there = urlsplit(ask.url)
            own = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())} if self._cookies else {}
            origin = {"Origin": f"{there.scheme}://{there.netloc}"} if ask.method == "POST" else {}
            reply = self.world.deliver(Ask(ask.method, ask.url, {**BROWSER, **origin, **ask.headers, **own}, ask.body))
            if cookie := reply.headers.get("set-cookie"):
                name, _, value = cookie.partition(";")[0].partition("=")
                self._cookies[name.strip()] = value.strip()
            if reply.status not in {301, 302, 303, 307, 308} or not reply.headers.get("location"):
                return ask.url, reply
            target = urljoin(ask.url, reply.headers["location"])
            ask = Ask(ask.method, target, ask.headers, ask.body) if reply.status in {307, 308} else Ask("GET", target)
        return ask.url, Reply(0)


def one_click_url(header: str) -> str | None:
    """The web address in a List-Unsubscribe header."""
    for part in header.split(","):
        url = part.strip().strip("<>")
        if url.startswith(("https://", "http://")):
            return url
    return None
