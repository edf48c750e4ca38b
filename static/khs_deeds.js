"use strict";

// Pages where the aid centre does something with a case or a stock, in the portal and the back office.

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
  button.disabled = !going;
  form.querySelector("[data-nothing]").hidden = going > 0;
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
