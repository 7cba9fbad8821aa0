// What is shown only once is selected, and copied where the browser allows it. Without this script it can be selected by hand.
"use strict";
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-selects]");
  const field = button && document.getElementById(button.dataset.selects);
  if (!field) return;
  field.focus();
  field.select();
  navigator.clipboard?.writeText(field.value).then(() => window.tell("Copied."), () => window.tell("Selected: copy it now."));
});
