// Refreshes the parts that changed, and presses buttons without leaving the page. Without it the page works by reloading.
"use strict";

const EVERY_MS = 2000;
const shown = {};
let seen = document.body.dataset.version;

function localTimes(root) {
  for (const one of root.querySelectorAll("time")) {
    const at = new Date(one.dateTime);
    const today = new Date().toDateString() === at.toDateString();
    const clock = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    one.textContent = today ? clock : at.toLocaleDateString([], { day: "numeric", month: "short" }) + " " + clock;
    one.title = at.toLocaleString();
  }
}

function toEnd(part) {
  if (part && part.classList.contains("screen")) part.scrollTop = part.scrollHeight;
}

function put(name, html) {
  const part = document.getElementById("part-" + name);
  if (!part || shown[name] === html) return;
  shown[name] = html;
  const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
  const open = part.querySelector("details")?.open;
  part.innerHTML = html;
  if (open) part.querySelector("details")?.setAttribute("open", "");
  if (focused) document.getElementById(focused)?.focus();
  localTimes(part);
  toEnd(part);
}

async function refresh() {
  const query = new URLSearchParams(location.search);
  if (!query.get("who")) {
    const current = document.querySelector(".people a[aria-current]");
    if (current) query.set("who", new URL(current.href).searchParams.get("who"));
  }
  query.set("seen", seen);
  const answer = await fetch("/rehearsal/page?" + query);
  if (answer.status !== 200) return;
  const fresh = await answer.json();
  const missing = ["phone", "mailbox"].some((name) => fresh.parts[name].trim() && !document.getElementById("part-" + name) && !/class="quiet"/.test(fresh.parts[name]));
  if (missing || !document.getElementById("part-title")) {
    if (fresh.parts.title.trim()) location.reload(); // somebody's first text or e-mail: the page gets a new half
  }
  seen = String(fresh.version);
  for (const [name, html] of Object.entries(fresh.parts)) put(name, html);
}

function say(words) {
  const place = document.getElementById("trouble");
  place.textContent = words;
  place.hidden = !words;
}

async function tick() {
  try {
    if (!document.hidden) await refresh();
    say("");
  } catch {
    say("The carrier does not answer. Is it still running?");
  }
  setTimeout(tick, EVERY_MS);
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.classList.contains("mode")) return;
  event.preventDefault();
  const fields = new URLSearchParams(new FormData(form, event.submitter));
  const answer = await fetch(form.action, { method: "POST", body: fields, redirect: "manual" });
  say(answer.status >= 400 ? await answer.text() : "");
  if (form.classList.contains("reply")) form.reset();
  setTimeout(() => refresh().catch(() => {}), 300);
});

localTimes(document);
for (const part of document.querySelectorAll(".screen")) toEnd(part);
setTimeout(tick, EVERY_MS);
