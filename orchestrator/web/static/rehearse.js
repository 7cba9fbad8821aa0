// The timeline of a rehearsal: one moment at a time under a slider, with its step marked in the graph. Without scripts it is a list.
"use strict";
(() => {
  const slider = document.getElementById("slider");
  const moments = [...document.querySelectorAll("#moments > li")];
  if (!slider || !moments.length) return;
  const byId = (id) => document.getElementById(id);
  const range = byId("at");
  const graph = byId("graph");
  let all = false;

  const show = (number) => {
    const at = Math.min(Math.max(number, 1), moments.length);
    range.value = String(at);
    const chosen = moments[at - 1];
    moments.forEach((one) => { one.hidden = !all && one !== chosen; one.classList.toggle("now", one === chosen); });
    range.setAttribute("aria-valuetext", `${at} of ${moments.length}. ${chosen.dataset.said}`);
    byId("which").textContent = `${at} of ${moments.length}: ${chosen.dataset.said}`;
    byId("back").setAttribute("aria-disabled", String(at === 1));
    byId("on").setAttribute("aria-disabled", String(at === moments.length));
    mark(chosen.dataset.step || lastStep(at));
    if (all) chosen.scrollIntoView({ block: "nearest" });
  };
  // An event or an end is of no step: the one before it stays marked.
  const lastStep = (at) => moments.slice(0, at).map((one) => one.dataset.step).filter(Boolean).pop() || "";
  const mark = (step) => {
    if (!graph) return;
    graph.querySelectorAll(".step").forEach((card) => {
      const is = card.dataset.step === step;
      card.classList.toggle("chosen", is);
      if (!is) return;
      const [there, box] = [card.getBoundingClientRect(), graph.getBoundingClientRect()];
      graph.scrollTop += there.top - box.top - (box.height - there.height) / 2;
      graph.scrollLeft += there.left - box.left - (box.width - there.width) / 2;
    });
  };
  range.addEventListener("input", () => show(Number(range.value)));
  byId("back").addEventListener("click", () => show(Number(range.value) - 1));
  byId("on").addEventListener("click", () => show(Number(range.value) + 1));
  byId("all").addEventListener("click", (event) => {
    all = !all;
    event.currentTarget.setAttribute("aria-pressed", String(all));
    event.currentTarget.textContent = all ? "Show one moment" : "Show all moments";
    show(Number(range.value));
  });
  slider.hidden = false;
  show(1);
})();
