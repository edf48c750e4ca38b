// Help beside the page: the question mark's text in a panel, which its cross and Escape close.
// Loaded by portal.js when it is first asked for; without a script the link opens a page.
let panel, asked;

function close() {
  panel.hidden = true;
  document.body.classList.remove("has-help");
  if (asked) (asked.offsetParent ? asked : document.querySelector(".bar summary")).focus();
}

function made(sheet) {
  const link = document.createElement("link");
  link.rel = "stylesheet"; link.href = sheet;
  document.head.append(link);
  const aside = document.createElement("aside");
  aside.className = "panel help-panel"; aside.hidden = true;
  aside.setAttribute("aria-labelledby", "help-title");
  document.querySelector(".foot, dialog").before(aside);
  aside.addEventListener("click", (event) => { if (event.target.closest(".help-close")) close(); });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !aside.hidden && aside.contains(document.activeElement)) { event.preventDefault(); event.stopPropagation(); close(); }
  }, true);
  return new Promise((done) => { link.onload = link.onerror = () => done(aside); });
}

export async function open(mark) {
  if (panel && !panel.hidden) { close(); return; }
  asked = mark;
  const fold = mark.closest("details");
  if (fold) fold.open = false;
  const text = await fetch(mark.href, { headers: { "HX-Request": "true" } });
  if (!text.ok) throw new Error("help");
  const html = await text.text();
  panel = panel || await made(mark.dataset.sheet);
  panel.innerHTML = html;
  panel.hidden = false;
  document.body.classList.add("has-help");
  panel.querySelector(".panel-title").focus({ preventScroll: true });
}
