// The search box that Ctrl K opens on every page (portal.js): the start page's own, asked by POST, since
// what is typed may be a personal number. What the start page says of it (data-said) is shown here.
const HTML = `<form role="search" method="post" hx-target="#find-says" hx-select="[data-said]" novalidate>
  <input class="form-control" name="q" aria-label="Personnummer, vårdenhet, ärende, individ eller artikel" placeholder="Personnummer, ärende, individ, artikel" autocomplete="off" aria-describedby="find-says" autofocus>
  <button class="btn btn-primary" type="submit">Sök</button>
  <button class="find-close" type="button"><kbd>Esc</kbd> <span>Stäng</span></button></form>
<div id="find-says" role="alert"></div>
<nav aria-labelledby="find-go"><h2 id="find-go">Gå till</h2><ul></ul></nav>
<p class="find-foot">Personnummer sparas inte. Varje sökning efter en mottagare loggas.</p>`;

// link: the magnifier of the bar, whose page has the box; typed: what was typed already; closed(): sees that the focus stands somewhere.
export function open(link, typed, closed) {
  if (!document.getElementById("find-sheet")) {
    const sheet = document.createElement("link");
    Object.assign(sheet, { id: "find-sheet", rel: "stylesheet", href: link.dataset.sheet });
    document.head.append(sheet);
  }
  const box = document.createElement("dialog");
  box.className = "dialog find";
  box.setAttribute("aria-label", "Sök");
  box.innerHTML = HTML;
  const form = box.querySelector("form");
  const field = form.elements.q;
  form.action = link.href;
  form.setAttribute("hx-post", link.getAttribute("href"));
  form.prepend(link.querySelector("svg").cloneNode(true));
  form.append(document.querySelector(".sign-out [name=csrfmiddlewaretoken]").cloneNode());
  for (const a of document.querySelectorAll(".fold-menu li:not(:has(ul)) > a")) {
    const li = document.createElement("li");
    li.append(a.cloneNode(true));
    box.querySelector("ul").append(li);
  }

  // The bar's entries with what is typed in their names.
  function offer() {
    const words = field.value.trim().toLowerCase();
    for (const li of box.querySelectorAll("li")) li.hidden = !li.textContent.toLowerCase().includes(words);
    box.querySelector("nav").hidden = !box.querySelector("li:not([hidden])");
  }
  field.value = typed.trim();
  field.addEventListener("input", offer);
  offer();

  box.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const stops = [field, ...box.querySelectorAll("#find-says a, li:not([hidden]) a")];
    stops[(stops.indexOf(document.activeElement) + step + stops.length) % stops.length].focus();
  });
  box.addEventListener("click", (event) => {
    if (event.target === box || event.target.closest(".find-close")) box.close();
  });
  box.addEventListener("close", () => { box.remove(); closed(); });

  box.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (detail.xhr.getResponseHeader("X-Fault")) return; // portal.js says it
    const said = detail.serverResponse.includes("data-said");
    detail.isError = false;
    detail.shouldSwap = said;
    if (!said) location.assign(detail.xhr.responseURL || link.href); // signed out, perhaps
  });
  box.addEventListener("htmx:afterSettle", () => {
    field.removeAttribute("aria-invalid");
    if (!box.querySelector("#find-says .field-error")) return;
    field.setAttribute("aria-invalid", "true");
    field.focus();
  });

  document.body.append(box);
  htmx.process(box);
  box.showModal();
  if (typed.includes("\n")) form.requestSubmit();
}
