// A file that a link or form asks for, fetched beside the page: what is typed there stays, whatever
// becomes of it. Gives what is to be told on the page (organisation/downloads.py says it), or nothing.
const asked = new Set();

export async function take(from) {
  // A double click fetches one.
  if (asked.has(from)) return "";
  asked.add(from);
  from.ariaBusy = "true";
  from.style.cursor = "progress";
  try {
    return await fetched(from);
  } finally {
    asked.delete(from);
    from.ariaBusy = null;
    from.style.cursor = "";
  }
}

async function fetched(from) {
  const isForm = from.tagName === "FORM";
  const answer = await fetch(isForm ? from.getAttribute("action") : from.href, {
    ...(isForm ? { method: "POST", body: new FormData(from) } : {}),
    headers: { "HX-Request": "true", "HX-Current-URL": location.href },
  });
  const elsewhere = answer.headers.get("HX-Redirect");
  if (elsewhere) {
    // The server keeps what was sent (sesam/unsent.py); before other typed text is left, the browser asks.
    from.dataset.sent = "1";
    location.assign(elsewhere);
    return "";
  }
  const name = nameOf(answer.headers.get("Content-Disposition"));
  if (answer.ok && name) {
    save(await answer.blob(), name);
    if (isForm) clear(from);
    return "";
  }
  if (answer.status === 422 && isForm) return showAnew(await answer.text());
  return answer.headers.get("Content-Type")?.startsWith("text/plain") ? answer.text() : "Filen kunde inte hämtas. Försök igen.";
}

function nameOf(disposition) {
  const [, coded] = /filename\*=utf-8''([^;]+)/i.exec(disposition) || [];
  return coded ? decodeURIComponent(coded) : (/filename="([^"]+)"/.exec(disposition) || [])[1];
}

function save(file, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(file), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

// What was typed is in the file, and what the last answer found wrong with it no longer holds.
function clear(form) {
  form.dataset.sent = "1";
  document.querySelectorAll("main .note-red, main .field-error").forEach((fault) => fault.remove());
  document.querySelectorAll("main [aria-invalid]").forEach((field) => {
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
  });
}

// The page as the server answers it, with what was typed and what is wrong with it.
function showAnew(text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  const main = document.adoptNode(page.querySelector("main"));
  const before = document.querySelector("main");
  before.replaceWith(main);
  // What is typed is still to be sent: portal.js asks before it is left.
  main.querySelectorAll("form[data-download] textarea, form[data-download] input").forEach((field) => {
    const empty = field.id && before.querySelector(`#${CSS.escape(field.id)}`);
    const { value } = field;
    if (!empty || field.type === "hidden") return;
    field.defaultValue = empty.defaultValue;
    field.value = value;
  });
  document.title = page.title;
  window.htmx?.trigger(main, "htmx:load");
  // What portal.js measures is measured anew.
  dispatchEvent(new Event("resize"));
  const wrong = main.querySelector("[aria-invalid='true']:not(fieldset), fieldset[aria-invalid='true'] input") || main.querySelector("[autofocus]");
  wrong?.focus();
  return "";
}
