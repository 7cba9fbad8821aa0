// The desk: saves while people type, keeps their hold on the call, counts seconds, and files with Enter. Pages work without it, too.
"use strict";
(() => {
  const RENEW_MS = 45_000, SAVE_MS = 600, BACK_MS = 5_000;
  const form = () => document.getElementById("finish");
  const here = () => document.getElementById("call")?.dataset.here;
  const lost = () => document.querySelector("[data-lost]");
  let saving = 0, asked = false;
  let out = false, retried = 0; // out: nobody is signed in any more. retried: with a new token, since the server last agreed

  const post = (path, body, more) => fetch(here() + path, { method: "POST", body, credentials: "same-origin", headers: { "HX-Request": "true" }, ...more });
  const said = (text) => { const place = document.getElementById("saved"); if (place) place.textContent = text; };

  // Somebody else has the call: say who, keep what was typed, and file nothing.
  const lose = (html) => {
    const place = document.getElementById("lost");
    if (!place || lost()) return;
    place.innerHTML = html;
    said("");
    closeUp();
    place.scrollIntoView({ block: "nearest" });
  };
  const closeUp = () => {
    for (const button of document.querySelectorAll("#line button, [data-opens=back]")) button.disabled = true;
    document.getElementById("line")?.removeAttribute("hx-get");
    document.getElementById("still").replaceChildren();
    wish();
  };
  // Of a lost call one ending is still taken: that the customer wants no more contact.
  const mayFile = () => !lost() || (chosen()?.value === "do_not_contact" && !document.querySelector("[data-holds]"));
  const wish = () => { const button = document.getElementById("file-it"); if (button && lost()) button.disabled = !mayFile(); };

  const answered = async (response) => {
    if (response.status === 409) { lose(await response.text()); return null; }
    if (response.status === 401 || response.status === 403) { turnedAway(response.status); return null; }
    retried = 0;
    return response;
  };

  // -- what this tab has changed ----------------------------------------------------------------------------------------
  // Only that is sent: a tab that was opened earlier must not put its older words over newer ones of another tab.
  const had = new Map(); // field -> what the server has of it, where this page came with something else
  const ours = (name) => name === "note" || name === "sentiment" || /^[ad]-/.test(name);
  const values = (came, which) => {
    const all = new Map();
    for (const field of form().elements) {
      if (!field.name || field.name === "csrf" || field.tagName === "BUTTON" || !which(field.name)) continue;
      if (field.type === "radio" || field.type === "checkbox") {
        if (came ? field.defaultChecked : field.checked) all.set(field.name, field.value);
        else if (!all.has(field.name)) all.set(field.name, "");
      } else if (field.tagName === "SELECT") all.set(field.name, came ? [...field.options].find((o) => o.defaultSelected)?.value ?? "" : field.value);
      else all.set(field.name, came ? field.defaultValue : field.value);
    }
    return all;
  };
  const changed = (which = ours) => { const came = values(true, which); return [...values(false, which)].filter(([name, value]) => value !== (had.get(name) ?? came.get(name))); };
  const unsaid = () => form() && !lost() && changed(() => true).length > 0; // an ending that was chosen counts, too

  // -- a session that ends while somebody types -------------------------------------------------------------------------
  const turnedAway = (status) => {
    if (status === 401 && !unsaid()) { location.assign("/sign-in?then=" + encodeURIComponent(location.pathname)); return; }
    if (status === 403 && retried++) { said("Not saved"); return; }
    out = true;
    if (status === 403) { back(); return; } // signed in anew in another tab: our token is the old one
    const place = document.getElementById("lost");
    if (!place || place.querySelector("[data-out]")) return;
    place.replaceChildren(document.getElementById("signed-out").content.cloneNode(true));
    said("Not saved: signed out");
  };
  // Signed in again, elsewhere: go on with the new token. Somebody else's session gets none of these words.
  const back = async () => {
    if (!out || !form()) return;
    try {
      const answer = await fetch(here(), { credentials: "same-origin", redirect: "manual" });
      if (answer.type === "opaqueredirect" || (!answer.ok && answer.status !== 409)) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const token = page.querySelector("[name=csrf]")?.value, who = (from) => from.querySelector(".me .who")?.textContent.trim();
      if (!out || !token || who(page) !== who(document)) return;
      for (const field of document.querySelectorAll("[name=csrf]")) field.value = token;
      document.body.setAttribute("hx-headers:inherited", page.body.getAttribute("hx-headers:inherited"));
      out = false;
      document.querySelector("[data-out]")?.remove();
      await save();
    } catch { said("No connection"); }
  };
  setInterval(back, BACK_MS);
  addEventListener("focus", back);
  addEventListener("beforeunload", (event) => { if (out && unsaid()) event.preventDefault(); });
  document.addEventListener("htmx:before:response", (event) => {
    const { status } = event.detail.ctx.response;
    if (!form() || status < 400 || status === 409 || status === 422) return;
    event.preventDefault(); // the page stays, with everything typed on it
    if (status === 401 || status === 403) turnedAway(status);
    else if (event.target.id !== "line") tell(`This was not recorded (${status}). What you typed is still here.`);
  });

  // -- saving -----------------------------------------------------------------------------------------------------------
  const body = (fields) => { const data = new URLSearchParams([["csrf", form().elements.csrf.value], ...fields]); const script = document.getElementById("script"); if (asked && script) data.set("shape", script.dataset.shape); return data; };
  const save = async () => {
    clearTimeout(saving); saving = 0;
    if (!form() || lost() || out) return;
    const sent = changed();
    if (!sent.length) { said(""); return; }
    const words = body(sent);
    asked = false;
    try {
      const response = await answered(await post("/sheet", words));
      if (!response) return;
      if (!response.ok) { said("Not saved"); return; }
      for (const [name, value] of sent) had.set(name, value);
      if (!changed().length) said("Saved");
      if (response.status === 200) await htmx.swap({ text: await response.text(), target: "#script", swap: "outerMorph", sourceElement: document.getElementById("script") });
    } catch { said("Not saved: no connection"); }
  };
  const later = (event) => {
    const field = event.target;
    if (!field.form || field.form !== form() || !field.name) return;
    if (field.name.startsWith("a-")) asked = true;
    if (out || !ours(field.name)) return;
    said("…");
    clearTimeout(saving);
    saving = setTimeout(save, SAVE_MS);
  };
  document.addEventListener("input", later);
  const leave = () => { if (!form() || lost() || out) return; clearTimeout(saving); saving = 0; const sent = changed(); asked = false; if (sent.length) post("/sheet", body(sent), { keepalive: true }).then((r) => { if (r.ok) for (const [name, value] of sent) had.set(name, value); }, () => {}); };
  addEventListener("pagehide", leave);
  // Put back with the last words on it; without a session the page stays.
  document.addEventListener("submit", (event) => {
    if (!event.target.closest("#back") || !form() || lost() || !changed().length) return;
    event.preventDefault();
    save().then(() => { if (!lost() && !changed().length) event.target.submit(); else event.target.closest("dialog").close(); });
  });

  // -- the hold ---------------------------------------------------------------------------------------------------------
  // An open page alone is nobody who works: the server is told whether something was touched since the last time.
  let touched = true, warned = "";
  const renew = async () => {
    if (!form() || lost() || out) return;
    const was = touched, asks = new URLSearchParams({ csrf: form().elements.csrf.value, open: document.getElementById("there")?.dataset.open ?? "" });
    if (!was) asks.set("idle", "1");
    touched = false;
    try {
      const response = await answered(await post("/renew", asks));
      if (!response) return;
      held(response.headers.get("Held-Until"), response.headers.get("Held-At-Most"));
      if (response.status === 200) await changes(await response.text());
      if (changed().length && !saving) save();
    } catch { touched ||= was; said("No connection"); }
  };
  const held = (until, atMost) => {
    const line = document.getElementById("line");
    if (!line || !until) return;
    line.dataset.held = until;
    if (atMost) line.dataset.atMost = atMost; else delete line.dataset.atMost;
    tick();
  };
  // Whether they may be called has changed, or the hold ran out: on the page, and for the line.
  const changes = async (text) => {
    const fresh = document.createRange().createContextualFragment(text).firstElementChild;
    if (fresh?.id === "there") document.getElementById("there")?.replaceWith(fresh);
    else if (fresh) { document.getElementById("lost").replaceChildren(fresh); document.getElementById("still").replaceChildren(); }
    const panel = await answered(await fetch(here() + "/line", { credentials: "same-origin", headers: { "HX-Request": "true" } }));
    if (panel?.ok) await htmx.swap({ text: await panel.text(), target: "#line", swap: "outerMorph", sourceElement: document.getElementById("line") });
    tick();
  };
  const touch = (event) => {
    if (event.type === "pointermove" && !event.movementX && !event.movementY) return; // something moved below the pointer
    touched = true;
    if (warned === "idle") { warned = "answered"; renew(); }
  };
  for (const kind of ["keydown", "pointerdown", "pointermove", "wheel", "scroll", "input"]) addEventListener(kind, touch, { capture: true, passive: true });
  setInterval(renew, RENEW_MS);
  addEventListener("online", renew);
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") { touched = true; back(); renew(); } else leave(); });
  // Said before the call is let go: in the last minute when nobody touches the page, in the last five when it may not go on for longer.
  const warn = (now) => {
    const place = document.getElementById("still"), { held, atMost, phase } = document.getElementById("line")?.dataset ?? {};
    if (!place || lost() || !held || !form()) return;
    const left = (Date.parse(held) - now) / 1000, most = atMost ? (Date.parse(atMost) - now) / 1000 : Infinity;
    const is = phase === "wrap_up" || left <= 0 ? "" : most <= 300 ? "most" : left <= 60 ? "idle" : "";
    if (is !== warned) {
      warned = is;
      const note = document.createElement("p"), clock = document.createElement("span");
      note.className = "note warn"; clock.className = "ticks"; clock.ariaHidden = "true";
      note.append(is === "most" ? `This call may not stay open for longer. ${phase === "reading" ? "Dial, or put it back." : "Say how it ended."} ` : "Are you still there? Press any key, or this call is let go. ", clock);
      place.replaceChildren(...(is ? [note] : []));
    }
    const clock = place.querySelector(".ticks");
    if (clock) clock.textContent = length(is === "most" ? most : left);
  };

  // -- filing -----------------------------------------------------------------------------------------------------------
  const chosen = () => form()?.querySelector("input[name=disposition]:checked");
  document.addEventListener("change", (event) => {
    const field = event.target;
    wish();
    if (field.name !== "disposition" || document.activeElement === field) return;
    // By its key: on to what it still needs, or to the button, so that Enter files.
    const more = document.querySelector(`.more[data-for="${field.value}"] input`);
    (more || document.getElementById("file-it"))?.focus({ preventScroll: !more });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.repeat || event.defaultPrevented || !form() || !mayFile() || document.querySelector("dialog[open], :popover-open")) return;
    const inNote = event.target.tagName === "TEXTAREA";
    const free = event.target === document.body || event.target.id === "main" || event.target.type === "radio";
    if ((inNote && (event.ctrlKey || event.metaKey)) || (free && chosen())) { event.preventDefault(); form().requestSubmit(); }
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-copies]")) return;
    const typed = [...new FormData(form())].filter(([name, value]) => (name === "note" || /^[ad]-/.test(name)) && value).map(([name, value]) => (name === "note" ? value : `${name.slice(2)}: ${value}`)).join("\n");
    navigator.clipboard?.writeText(typed).then(() => tell("Copied."), () => tell("Select the text and copy it."));
  });
  document.addEventListener("htmx:config:request", (event) => {
    if (event.target?.id !== "finish") return;
    clearTimeout(saving); saving = 0;
    const mine = new Set(changed().map(([name]) => name));
    event.detail.ctx.request.body.set("same", [...values(false, ours).keys()].filter((name) => !mine.has(name)).join(" "));
  });
  // What is missing, in the middle of the view: nothing that sticks to an edge covers it.
  const show = (field) => {
    if (!field) return;
    const popover = field.closest("[popover]");
    if (popover && !popover.matches(":popover-open")) popover.showPopover();
    field.focus({ preventScroll: true });
    (field.closest(".ask, .field, fieldset") || field).scrollIntoView({ block: "center" });
  };
  document.addEventListener("htmx:after:swap", (event) => {
    const { target, response } = event.detail?.ctx ?? {};
    if (target?.id === "call") had.clear(); // it came anew, with everything that was typed
    if (response?.status === 422) show(document.querySelector("#call [aria-invalid=true]"));
    if (lost()) closeUp();
    // The server allowed it a moment ago: Enter dials, and so does any other telephone.
    const call = document.querySelector("a[data-calls]");
    if (call) { call.removeAttribute("data-calls"); call.focus({ preventScroll: true }); }
    tick();
  });

  // -- clocks -----------------------------------------------------------------------------------------------------------
  const length = (s) => { const all = Math.max(0, Math.round(s)); const h = Math.floor(all / 3600); const m = Math.floor(all / 60) % 60; return (h ? `${h}:${String(m).padStart(2, "0")}` : m) + ":" + String(all % 60).padStart(2, "0"); };
  const ahead = (Date.parse(document.body.dataset.now) || Date.now()) - Date.now(); // this computer's clock may be wrong; the server's counts
  const tick = () => {
    const now = Date.now() + ahead;
    for (const el of document.querySelectorAll("[data-since]")) el.textContent = length((now - Date.parse(el.dataset.since)) / 1000);
    for (const el of document.querySelectorAll("[data-until]")) el.textContent = length((Date.parse(el.dataset.until) - now) / 1000);
    for (const el of document.querySelectorAll("[data-ends]")) if (Date.parse(el.dataset.ends) <= now && !el.inert) { el.inert = true; el.classList.add("over"); }
    const there = document.querySelector("[data-changes]");
    if (there && Date.parse(there.dataset.changes) <= now) { there.removeAttribute("data-changes"); renew(); }
    warn(now);
    for (const el of document.querySelectorAll("time[data-zone]")) { try { el.textContent = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: el.dataset.zone }).format(now); } catch { delete el.dataset.zone; } }
  };
  setInterval(tick, 1000);
  tick();
})();
