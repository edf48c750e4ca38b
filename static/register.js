"use strict";

// A register's form: what is found by typing, rows that are added, and names for fields in tables, which
// are named by their heads. Without it the form is sent as it stands.

let given = 0;
const idOf = (element) => (element.id ||= `namn-${++given}`);

// --- A record chosen among too many to list: Django's select knows the one that is chosen, and where to ask ---
function search(select) {
  const field = document.createElement("input");
  const list = document.createElement("ul");
  const says = document.createElement("span");
  const box = document.createElement("div");
  box.className = "combo";
  says.className = "visually-hidden";
  says.setAttribute("role", "status");
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Träffar");
  list.popover = "manual"; // above the table that it stands in
  field.autocomplete = "off";
  for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["aria-controls", idOf(list)]]) {
    field.setAttribute(name, value);
  }
  for (const name of ["aria-invalid", "aria-describedby", "aria-label"]) {
    if (select.hasAttribute(name)) field.setAttribute(name, select.getAttribute(name));
    select.removeAttribute(name);
  }
  const had = document.activeElement === select;
  field.id = select.id; // the label's, and the note's that leads to what is wrong
  select.removeAttribute("id");
  select.hidden = true;
  select.after(box);
  box.append(field, list, says);

  const chosen = () => select.selectedOptions[0]?.value && select.selectedOptions[0].textContent.trim() || "";
  field.value = field.defaultValue = chosen();
  if (had) field.focus();

  const options = () => [...list.querySelectorAll("[role=option]:not([aria-disabled])")];
  const isOpen = () => field.getAttribute("aria-expanded") === "true";
  let asked = 0;
  let timer;
  function place() {
    const { left, bottom, width } = field.getBoundingClientRect();
    Object.assign(list.style, { left: `${left}px`, top: `${bottom + 4}px`, width: `${Math.min(Math.max(width, 280), innerWidth - left - 8)}px` });
  }
  function close() {
    asked += 1;
    clearTimeout(timer);
    if (isOpen()) list.hidePopover();
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  }
  function restore() { field.value = chosen(); }
  function mark(option) {
    for (const one of options()) one.setAttribute("aria-selected", String(one === option));
    if (!option) return;
    field.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }
  function take(option) {
    select.replaceChildren(new Option(option.textContent, option.dataset.value, true, true));
    restore();
    close();
    says.textContent = "";
  }
  function draw(results, more) {
    list.replaceChildren(...results.map(({ id, text }) => {
      const option = document.createElement("li");
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.dataset.value = id;
      option.textContent = text;
      idOf(option);
      return option;
    }));
    says.textContent = results.length ? `${results.length}${more ? " första" : ""} ${results.length === 1 ? "träff" : "träffar"}` : "Inga träffar";
    if (!results.length || more) {
      const last = document.createElement("li");
      last.setAttribute("role", "option");
      last.setAttribute("aria-disabled", "true");
      last.setAttribute("aria-selected", "false");
      last.textContent = more ? "Det finns fler. Skriv mer." : "Inga träffar";
      list.append(last);
    }
    place();
    if (!isOpen()) list.showPopover();
    field.setAttribute("aria-expanded", "true");
    field.removeAttribute("aria-activedescendant");
  }
  async function ask(term) {
    const turn = ++asked;
    const what = { term, app_label: select.dataset.appLabel, model_name: select.dataset.modelName, field_name: select.dataset.fieldName };
    let found = { results: [], pagination: {} };
    try {
      const answer = await fetch(`${select.getAttribute("data-ajax--url")}?${new URLSearchParams(what)}`);
      if (answer.ok) found = await answer.json();
    } catch { /* without contact: no hits */ }
    if (turn === asked && document.activeElement === field) draw(found.results, found.pagination.more);
  }

  field.addEventListener("input", () => {
    clearTimeout(timer);
    if (!field.value.trim()) { close(); return; }
    timer = setTimeout(() => ask(field.value.trim()), 200);
  });
  field.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const now = options().findIndex((one) => one.getAttribute("aria-selected") === "true");
    if (step) {
      event.preventDefault();
      if (isOpen()) mark(options()[(now + step + options().length) % options().length]);
      else ask(field.value === chosen() ? "" : field.value.trim());
    } else if (event.key === "Enter" && isOpen()) {
      event.preventDefault();
      if (now >= 0 || options().length === 1) take(options()[Math.max(now, 0)]);
    } else if (event.key === "Escape" && isOpen()) {
      event.preventDefault();
      restore();
      close();
    }
  });
  field.addEventListener("blur", () => {
    if (!field.value.trim()) select.replaceChildren(new Option("", "", true, true));
    restore();
    close();
  });
  list.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus
  list.addEventListener("click", ({ target }) => {
    const option = target.closest("[role=option]:not([aria-disabled])");
    if (option) take(option);
  });
  addEventListener("scroll", () => { if (isOpen()) place(); }, { capture: true, passive: true });
}

function nameFields(scope) {
  for (const select of scope.querySelectorAll("select.admin-autocomplete")) {
    if (!select.closest(".empty-form") && !select.hidden) search(select);
  }
  for (const field of scope.querySelectorAll(".tabular td :is(input, select, textarea)")) {
    if (field.type === "hidden" || field.hidden || field.labels?.length || field.hasAttribute("aria-label")) continue;
    const cell = field.closest("td");
    field.setAttribute("aria-labelledby", idOf(cell.closest("table").querySelector("thead tr").cells[cell.cellIndex]));
  }
}

// --- Rows: the last of a table is the pattern of a new one ---
function growing(group) {
  const { prefix } = JSON.parse(group.dataset.inlineFormset).options;
  const pattern = group.querySelector("tr.empty-form");
  if (!pattern) return;
  const count = (name) => document.getElementById(`id_${prefix}-${name}`);
  const total = count("TOTAL_FORMS");
  const most = Number(count("MAX_NUM_FORMS").value);
  const add = document.createElement("button");
  Object.assign(add, { type: "button", className: "btn btn-link add-row", textContent: group.dataset.add });
  pattern.closest(".list-scroll").after(add);

  function number(row, from, to) {
    for (const part of [row, ...row.querySelectorAll("*")]) {
      for (const name of ["id", "name", "for", "aria-describedby"]) {
        const value = part.getAttribute(name);
        if (value) part.setAttribute(name, value.replace(`${prefix}-${from}`, `${prefix}-${to}`));
      }
    }
  }
  const rows = () => [...pattern.parentElement.querySelectorAll(`tr.form-row:not(.empty-form)`)];
  function counted() {
    total.value = String(rows().length);
    add.hidden = rows().length >= most;
  }
  function removable(row) {
    const remove = document.createElement("button");
    Object.assign(remove, { type: "button", className: "btn btn-link row-off", textContent: "Ta bort" });
    remove.addEventListener("click", () => {
      const after = rows().slice(rows().indexOf(row) + 1);
      if (row.previousElementSibling?.matches(".row-form-errors")) row.previousElementSibling.remove();
      row.remove();
      for (const later of after) {
        const now = rows().indexOf(later);
        number(later, now + 1, now);
      }
      counted();
      add.focus();
      group.dispatchEvent(new Event("change", { bubbles: true }));
    });
    row.querySelector("td.delete").append(remove);
  }
  rows().filter((row) => !row.matches(".has_original")).forEach(removable);
  add.addEventListener("click", () => {
    const row = pattern.cloneNode(true);
    number(row, "__prefix__", rows().length);
    row.classList.remove("empty-form");
    pattern.before(row);
    removable(row);
    counted();
    nameFields(row.parentElement);
    row.querySelector("input:not([type=hidden]), select:not([hidden]), textarea").focus();
  });
  counted();
}

nameFields(document);
document.querySelectorAll("[data-inline-formset]").forEach(growing);

// How much is changed and not saved.
const form = document.querySelector(".register-form");
const says = form?.querySelector("[data-changed]");
if (says) {
  const stands = (field) => (field.type === "checkbox" || field.type === "radio" ? String(field.checked) : field.value);
  const fields = () => [...form.elements].filter((field) => field.name && field.type !== "hidden" && !field.name.includes("__prefix__"));
  const began = new Map(fields().map((field) => [field, stands(field)]));
  const first = (field) => (field.type === "checkbox" ? String(field.defaultChecked) : field.defaultValue ?? ""); // in an added row
  const count = () => {
    const changed = fields().filter((field) => stands(field) !== (began.get(field) ?? first(field)));
    says.textContent = changed.length ? `${changed.length} fält ${changed.length === 1 ? "ändrat" : "ändrade"}` : "";
  };
  for (const kind of ["input", "change", "focusout"]) form.addEventListener(kind, count);
}

// A new record begins at its first field.
const fresh = document.querySelector("form[data-new]");
if (fresh && document.activeElement === document.body) {
  fresh.querySelector("input:not([type=hidden], [type=submit]), select:not([hidden]), textarea")?.focus();
}
