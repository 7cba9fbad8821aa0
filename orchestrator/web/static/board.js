// The board's clocks count up between two pictures, and what is unfolded stays so.
"use strict";
(() => {
  const live = document.getElementById("live");
  if (!live) return;
  const ahead = Date.now() / 1000 - Number(live.dataset.now); // this computer's clock may be wrong
  const shown = (s) => {
    const two = (n) => String(n).padStart(2, "0");
    return s >= 3600 ? `${Math.floor(s / 3600)}:${two(Math.floor((s % 3600) / 60))}:${two(s % 60)}` : `${Math.floor(s / 60)}:${two(s % 60)}`;
  };
  const tick = () => {
    for (const el of live.querySelectorAll("[data-since]")) {
      el.textContent = shown(Math.max(0, Math.floor(Date.now() / 1000 - ahead - Number(el.dataset.since))));
    }
  };
  // A new picture comes with everything folded: what somebody has unfolded stays so.
  const unfolded = new Set();
  live.addEventListener("click", (event) => {
    const details = event.target.closest("summary")?.parentElement;
    if (!details) return;
    if (details.open) unfolded.delete(details.id); else unfolded.add(details.id); // it is about to change
  });
  live.addEventListener("htmx:after:swap", () => {
    tick();
    for (const id of unfolded) document.getElementById(id)?.setAttribute("open", "");
  });
  setInterval(tick, 1000);
})();
