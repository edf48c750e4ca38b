// «Välj alla»: ticks every «Fakturatyp». Without script it is a link to the report of all.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-tick]");
  if (!button) return;
  button.form.querySelectorAll(`[name="${button.dataset.tick}"]`).forEach((box) => { box.checked = true; });
});
