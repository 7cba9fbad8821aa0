// The desk: saves while people type, keeps their hold on the call, counts seconds, and files with Enter. Pages work without it, too.
"use strict";
(() => {
  const RENEW_MS = 45_000, SAVE_MS = 600;
  const form = () => document.getElementById("finish");
  const here = () => document.getElementById("call")?.dataset.here;
  const lost = () => document.querySelector("[data-lost]");
  let saving = 0, asked = false, typedAt = 0, savedAt = 0; // savedAt: what of it the server has

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
    for (const button of document.querySelectorAll("#finish button.main, #line button, [data-opens=back]")) button.disabled = true;
    document.getElementById("line")?.removeAttribute("hx-get");
  };

  const answered = async (response) => {
    if (response.status === 409) { lose(await response.text()); return null; }
    if (response.status === 401) { location.assign("/sign-in?then=" + encodeURIComponent(location.pathname)); return null; }
    return response;
  };

  // -- saving -----------------------------------------------------------------------------------------------------------
  const fields = () => { const data = new URLSearchParams([...new FormData(form())].map(([name, value]) => [name, String(value)])); const script = document.getElementById("script"); if (asked && script) data.set("shape", script.dataset.shape); return data; };
  const save = async () => {
    clearTimeout(saving); saving = 0;
    if (!form() || lost()) return;
    const at = typedAt;
    const body = fields();
    asked = false;
    try {
      const response = await answered(await post("/sheet", body));
      if (!response) return;
      if (!response.ok && response.status !== 204) { said("Not saved"); return; }
      savedAt = at;
      if (at === typedAt) said("Saved");
      if (response.status === 200) await htmx.swap({ text: await response.text(), target: "#script", swap: "outerMorph", sourceElement: document.getElementById("script") });
    } catch { said("Not saved: no connection"); }
  };
  const later = (event) => {
    const field = event.target;
    if (!field.form || field.form !== form() || !field.name) return;
    if (field.name.startsWith("a-")) asked = true;
    typedAt += 1;
    said("…");
    clearTimeout(saving);
    saving = setTimeout(save, SAVE_MS);
  };
  document.addEventListener("input", later);
  const leave = () => { if (saving && form() && !lost()) { clearTimeout(saving); saving = 0; asked = false; post("/sheet", fields(), { keepalive: true }).catch(() => {}); } };
  addEventListener("pagehide", leave);

  // -- the hold ---------------------------------------------------------------------------------------------------------
  const renew = async () => {
    if (!form() || lost()) return;
    try { if (await answered(await post("/renew", new URLSearchParams({ csrf: form().elements.csrf.value }))) && savedAt < typedAt && !saving) save(); } catch { said("No connection"); }
  };
  setInterval(renew, RENEW_MS);
  addEventListener("online", renew);
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") renew(); else leave(); });

  // -- filing -----------------------------------------------------------------------------------------------------------
  const chosen = () => form()?.querySelector("input[name=disposition]:checked");
  document.addEventListener("change", (event) => {
    const field = event.target;
    if (field.name !== "disposition" || document.activeElement === field) return;
    // By its key: on to what it still needs, or to the button, so that Enter files.
    const more = document.querySelector(`.more[data-for="${field.value}"] input`);
    (more || document.getElementById("file-it"))?.focus({ preventScroll: !more });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.defaultPrevented || !form() || lost() || document.querySelector("dialog[open], :popover-open")) return;
    const inNote = event.target.tagName === "TEXTAREA";
    const free = event.target === document.body || event.target.id === "main" || event.target.type === "radio";
    if ((inNote && (event.ctrlKey || event.metaKey)) || (free && chosen())) { event.preventDefault(); form().requestSubmit(); }
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-copies]")) return;
    const typed = [...new FormData(form())].filter(([name, value]) => (name === "note" || /^[ad]-/.test(name)) && value).map(([name, value]) => (name === "note" ? value : `${name.slice(2)}: ${value}`)).join("\n");
    navigator.clipboard?.writeText(typed).then(() => tell("Copied."), () => tell("Select the text and copy it."));
  });
  document.addEventListener("htmx:before:request", (event) => { if (event.target?.id === "finish") { clearTimeout(saving); saving = 0; } });
  document.addEventListener("htmx:after:swap", (event) => {
    if (event.detail?.ctx?.response?.status === 422) document.querySelector("#call [aria-invalid=true]")?.focus();
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
    for (const el of document.querySelectorAll("time[data-zone]")) { try { el.textContent = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: el.dataset.zone }).format(now); } catch { delete el.dataset.zone; } }
  };
  setInterval(tick, 1000);
  tick();
})();
