// A page's own keys, nowhere that one types; off with the letters
document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  if (event.defaultPrevented || event.repeat || event.ctrlKey || event.metaKey || event.altKey || document.documentElement.dataset.letters === "off") return;
  if (key.length !== 1 || target.matches("input:not([type=radio], [type=checkbox]), select, textarea")) return;
  if (document.querySelector("dialog[open]")) return;
  const wanted = [...document.querySelectorAll("[data-keys] [aria-keyshortcuts]")].find((e) => e.getAttribute("aria-keyshortcuts") === key.toUpperCase());
  if (!wanted) return;
  event.preventDefault();
  wanted.focus();
  wanted.click();
});
