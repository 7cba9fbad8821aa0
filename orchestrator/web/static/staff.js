// What every page of the staff's shares: keys, dialogs, and a word about what just happened. No page needs the mouse.
"use strict";
(() => {
  const typing = (el) => el && (el.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(el.tagName)) && !["checkbox", "radio", "button", "submit"].includes(el.type);
  const visible = (el) => el.getClientRects().length > 0 && !el.disabled;
  let first = ""; // of two keys that are pressed one after the other, such as "g b"
  let forget = 0;

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && typing(document.activeElement)) { document.activeElement.blur(); return; }
    if (typing(event.target)) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const wanted = first ? `${first} ${key}` : key;
    const root = document.querySelector("dialog[open]") || document;
    const found = [...root.querySelectorAll("[data-key]")].find((el) => el.dataset.key === wanted && visible(el));
    clearTimeout(forget);
    first = !first && [...root.querySelectorAll("[data-key]")].some((el) => el.dataset.key.startsWith(`${key} `)) && !found ? key : "";
    if (first) forget = setTimeout(() => { first = ""; }, 1200);
    if (!found) return;
    event.preventDefault();
    if (typing(found)) found.focus(); else found.click();
  });

  // data-opens="id": opens that dialog; data-closes: closes the one it is in.
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) { event.preventDefault(); document.getElementById(opener.dataset.opens)?.showModal(); }
    const closer = event.target.closest("[data-closes]");
    if (closer) { event.preventDefault(); closer.closest("dialog")?.close(); }
  });

  // A form is sent once: the second press of a button does nothing.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) { event.preventDefault(); return; }
    if (!form.hasAttribute("hx-post")) { form.dataset.sent = "1"; setTimeout(() => { delete form.dataset.sent; }, 4000); }
  });

  window.tell = (text) => {
    const line = document.createElement("div");
    line.textContent = text;
    const place = document.getElementById("told");
    place?.append(line);
    setTimeout(() => line.remove(), 6000);
  };
})();
