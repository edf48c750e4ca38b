// «3 av 3 fördelade» follows while quantities are moved between articles that stand in for one.
export function count(table) {
  let sum = 0;
  table.querySelectorAll("input").forEach((input) => { sum += parseInt(input.value, 10) || 0; });
  const told = table.closest("form").querySelector("[data-spread-sum]");
  told.textContent = `${sum} av ${table.dataset.spread} fördelade`;
  told.classList.toggle("is-wrong", sum !== Number(table.dataset.spread));
  const later = table.closest("form").querySelector("[data-later]");
  const backlog = table.querySelector("[name=backlog]");
  if (later && backlog) {
    const number = backlog.value.trim() || "0";
    later.querySelector("[data-backlog]").textContent = number;
    later.hidden = number === "0";
  }
}
