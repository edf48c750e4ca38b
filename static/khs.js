"use strict";

// The back office: names that Django's own forms leave out, for those who hear the page (fields in
// a table are named by its heads, and a list with a search box, select2, by its label); filters that
// act at once.

let given = 0;

function idOf(element) {
  if (!element.id) element.id = `namn-${++given}`;
  return element.id;
}

function headOf(cell) {
  return cell.closest("table").querySelector("thead tr").cells[cell.cellIndex];
}

function nameFields() {
  for (const field of document.querySelectorAll(".tabular td :is(input, select, textarea)")) {
    if (field.type === "hidden" || field.labels.length || field.hasAttribute("aria-label")) continue;
    field.setAttribute("aria-labelledby", idOf(headOf(field.closest("td"))));
  }
  for (const box of document.querySelectorAll(".select2-container [role=combobox]")) {
    const field = box.closest(".select2-container").previousElementSibling;
    const label = field.labels[0] || headOf(field.closest("td"));
    const chosen = box.querySelector(".select2-selection__rendered");
    for (const part of [box, chosen]) {
      part.setAttribute("aria-labelledby", `${idOf(label)} ${chosen.id}`);
    }
  }
}

// select2 draws its boxes when jQuery says that the page is ready: this must come after.
const whenReady = window.django?.jQuery ?? ((task) => task());
whenReady(nameFields);
document.addEventListener("formset:added", () => setTimeout(nameFields));

// A filter acts at once, and has the focus again on the page that comes.
document.addEventListener("change", ({ target }) => {
  if (target.matches("select[data-go]")) location.assign(`${target.value || "?"}#${target.id}`);
});
if (/^#valj-\d+$/.test(location.hash)) document.querySelector(location.hash)?.focus();
