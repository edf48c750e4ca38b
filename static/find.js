// The search box that Ctrl K opens on every page (portal.js): the start page's own, asked by POST, since
// what is typed may be a personal number. What the start page says of it (data-said) is shown here.
const HTML = `<form role="search" method="post" hx-target="#find-says" hx-select="[data-said]" novalidate>
  <input class="form-control" name="q" aria-label="Personnummer, vårdenhet, ärende, individ eller artikel" data-understands placeholder="Personnummer, ärende, individ, artikel" autocomplete="off" aria-describedby="find-says" autofocus>
  <button class="btn btn-primary" type="submit">Sök</button>
  <button class="find-close" type="button"><kbd>Esc</kbd> <span>Stäng</span></button></form>
<div id="find-says" role="alert"></div>
<p class="understood" data-understood aria-live="polite"></p>
<div class="find-list"><div id="find-recent"></div><nav aria-labelledby="find-go"><h2 id="find-go">Gå till</h2><ul></ul></nav></div>
<p class="find-foot">Personnummer sparas inte. Varje sökning efter en mottagare loggas.</p>`;

// Pages into which nothing else is fetched come without htmx.
function htmxOf(link) {
  if (window.htmx) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    Object.assign(script, { src: link.dataset.htmx, onload: resolve, onerror: reject });
    document.head.append(script);
  });
}

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
    box.querySelector("nav ul").append(li);
  }

  // The bar's entries, and what one had before oneself lately, with what is typed in their names.
  function offer() {
    const words = field.value.trim().toLowerCase();
    for (const li of box.querySelectorAll("li")) li.hidden = !li.textContent.toLowerCase().includes(words);
    for (const part of box.querySelectorAll("nav, section")) part.hidden = !part.querySelector("li:not([hidden])");
  }
  field.value = typed.trim();
  field.addEventListener("input", offer);
  offer();
  // By fetch, not htmx: what comes late or not at all is missed by nobody.
  fetch(link.dataset.recent, { headers: { "HX-Request": "true" } }).then(async (answer) => {
    if (!answer.ok || answer.redirected || answer.headers.get("HX-Redirect")) return;
    box.querySelector("#find-recent").innerHTML = await answer.text();
    offer();
  }, () => {});

  box.addEventListener("keydown", (event) => {
    const order = event.key === "Enter" && event.ctrlKey && event.target.dataset.order;
    if (order) { event.preventDefault(); location.assign(order); return; }
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

  box.addEventListener("htmx:beforeOnLoad", ({ detail: { xhr } }) => {
    // Where it leads the page's heading gets the focus (portal.js).
    if (xhr.status < 400 && !xhr.responseText.includes("data-said")) sessionStorage.setItem("answered", "");
  });
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
  box.showModal();
  // Until it is there the form is a plain one, and leads to the page that has the box.
  htmxOf(link).then(() => {
    htmx.process(box);
    if (typed.includes("\n")) form.requestSubmit();
  }, () => {});
}

// What the box would take what is typed for; what it is, the server says.
export function understand(field) {
  const text = field.value;
  const count = text.replace(/[\s\-\u2010-\u2015\u2212+]/g, "").length;
  let says = "";
  if (!/^[\d\s\-\u2010-\u2015\u2212+]+$/.test(text)) says = text.trim().length < 3 ? "" : /\d/.test(text) ? "Söker artikel eller individ" : "Söker artiklar";
  else if (count === 12) says = "Personnummer: öppnar mottagaren";
  else if (count > 9) says = "Personnummer skrivs med 12 siffror";
  else if (count > 7) says = "Söker ärende, artikel eller individ med numret";
  else if (count === 4) says = "Söker vårdenhet, artikel eller individ med numret";
  else if (count > 2) says = "Söker artikel eller individ med numret";
  field.closest("dialog, section").querySelector("[data-understood]").textContent = says;
}
