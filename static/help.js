// Help beside the page: the question mark's text in a panel, which its cross and Escape close.
// Loaded by portal.js when it is first asked for; without a script the link opens a page.
let panel, making, asked;

// Where the panel lies over the page, the page is out of reach until it is closed.
const narrow = matchMedia("(max-width: 991.98px)");
function cover() {
  for (const part of document.querySelectorAll("body > main, body > .foot")) part.inert = !panel.hidden && narrow.matches;
}
narrow.addEventListener("change", () => { if (panel) cover(); });

function close() {
  panel.hidden = true;
  cover();
  document.body.classList.remove("has-help");
  // A folded menu draws nothing, though its links still have a place.
  const isThere = asked.offsetParent && !asked.closest("details:not([open])");
  (isThere ? asked : document.querySelector(".bar summary")).focus();
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
  making = making || made(mark.dataset.sheet); // pressed twice it is one
  panel = await making;
  panel.innerHTML = html;
  panel.hidden = false;
  cover();
  document.body.classList.add("has-help");
  panel.querySelector(".panel-title").focus({ preventScroll: true });
}
