"use strict";

// Names that Django's own forms leave out, for those who hear the page: fields in a table are named
// by its heads, and a list with a search box (select2) by its label.

let given = 0;

function idOf(element) {
  if (!element.id) element.id = `namn-${++given}`;
  return element.id;
}

function headOf(cell) {
  return cell.closest("table").querySelector("thead tr").cells[cell.cellIndex];
}

function nameFields() {
  for (const head of document.querySelectorAll(".tabular thead th")) {
    if (head.textContent.trim()) continue;
    const hidden = document.createElement("span");
    hidden.className = "visually-hidden";
    hidden.textContent = head.matches(".original") ? "Rad" : "Ta bort";
    head.append(hidden);
  }
  for (const field of document.querySelectorAll(".tabular td :is(input, select, textarea)")) {
    if (field.type === "hidden" || field.labels.length) continue;
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
