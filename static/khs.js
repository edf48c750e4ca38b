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

// A table wider than its box can be scrolled from the keyboard.
function scrollByKey() {
  for (const box of document.querySelectorAll(".khs-scroll")) {
    const named = box.querySelector("caption") || box.closest("section")?.querySelector("h2, h3");
    const facts = { tabindex: "0", role: "group", "aria-label": named ? named.textContent.trim() : "Tabell" };
    for (const [name, value] of Object.entries(facts)) {
      if (box.scrollWidth > box.clientWidth) box.setAttribute(name, value); else box.removeAttribute(name);
    }
  }
}
addEventListener("resize", scrollByKey);
scrollByKey();

// What is wrong gets the focus: the first field, else the words above the form.
const wrong = document.querySelector("#content :is(input, select, textarea)[aria-invalid='true']")
  || document.querySelector("#content .errornote");
if (wrong && document.activeElement === document.body) {
  if (wrong.matches(".errornote")) wrong.tabIndex = -1;
  wrong.focus();
}

// «Samma skick på alla»: fills the section's rows that nothing is chosen for yet.
document.addEventListener("change", ({ target }) => {
  if (!target.matches("[data-for-all]")) return;
  for (const row of target.closest("section").querySelectorAll("tbody select")) {
    row.value ||= target.value;
  }
});

// «Leverera»: the button and the words above it say what goes and what stays, as the server counts
// it (orders/delivery_sheet.py). A component follows its main aid.
function askedOn(row) {
  const confirm = row.querySelector("input[type=checkbox][name^=bekrafta-]");
  if (confirm && !confirm.checked) return 0;
  const typed = row.querySelector("input[name^=antal-]");
  if (typed) return /^[0-9]{1,8}$/.test(typed.value.trim()) ? Number(typed.value) : 0;
  const scanned = row.querySelector("textarea");
  if (scanned) return new Set(scanned.value.split(/[\s,;]+/).filter(Boolean)).size;
  return row.querySelectorAll(".khs-pieces input:checked").length;
}

function goesOn(row) {
  const asked = askedOn(row);
  const main = row.dataset.main && document.getElementById(`rad-${row.dataset.main}`);
  if (!main || !row.querySelector("input[name^=antal-]")) return asked;
  const [all, of] = [Number(row.dataset.quantity), Number(main.dataset.quantity)];
  const gone = Number(main.dataset.delivered) + goesOn(main);
  const most = gone >= of - Number(main.dataset.cancelled) ? all : Math.ceil((all * gone) / of);
  return Math.min(asked, Math.max(0, most - Number(row.dataset.delivered)));
}

function sayDelivery(form) {
  let going = 0;
  let staying = false;
  for (const row of form.querySelectorAll("tr[data-open]")) {
    const goes = goesOn(row);
    const stays = Math.max(0, Number(row.dataset.open) - goes);
    const said = form.querySelector(`[data-stays="${row.id.slice(4)}"]`);
    said.hidden = !stays;
    said.querySelector("[data-count]").textContent = stays;
    going += goes;
    staying ||= stays > 0;
  }
  const button = form.querySelector("button[name=sagt]");
  button.value = going;
  button.textContent = `Leverera ${going} av ${button.dataset.total}`;
  form.querySelector("[data-staying]").hidden = !staying;
  const count = form.querySelector("[data-going-count]");
  if (count.textContent !== String(going)) count.textContent = going;
}

const delivery = document.querySelector("form[data-deliver]");
if (delivery) {
  for (const event of ["input", "change"]) {
    delivery.addEventListener(event, () => sayDelivery(delivery));
  }
  addEventListener("pageshow", () => sayDelivery(delivery));
  sayDelivery(delivery);
}
