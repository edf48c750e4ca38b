// What the pages gain from script. Everything works without it: plain links and forms.
// htmx fetches the same whole pages and picks a part out of them.
(function () {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");
  const dialog = () => document.getElementById("dialog");
  const panel = () => document.getElementById("panel");
  const every = (selector) => [...document.querySelectorAll(selector)];

  // Which plain links and forms htmx takes over, on pages that have it
  function enhance(element, attributes) {
    if (!window.htmx || element.hasAttribute("hx-get") || element.hasAttribute("hx-post")) return;
    for (const [name, value] of Object.entries(attributes)) element.setAttribute("hx-" + name, value);
    htmx.process(element);
  }
  const part = (id) => ({ target: id, select: id, swap: "outerHTML" });
  const panelPart = { ...part("#panel"), "push-url": "true", sync: "#panel:replace" };
  // A double click opens one
  const intoDialog = { target: "#dialog", select: "#dialog-body", swap: "innerHTML", "push-url": "true", sync: "this:drop" };
  const inDialog = { ...part("#dialog-body"), "replace-url": "true" };

  function address(element) {
    return element.tagName === "FORM"
      ? { [element.method === "post" ? "post" : "get"]: element.getAttribute("action") || location.href }
      // Where a plain link puts the focus
      : { get: element.getAttribute("href").split("#")[0] };
  }

  function enhanceAll(scope) {
    const all = (selector) => {
      const found = [...scope.querySelectorAll(selector)];
      if (scope.matches && scope.matches(selector)) found.unshift(scope);
      return found;
    };
    all("a.panel-link, .panel .tabs a").forEach((a) => enhance(a, { ...address(a), ...panelPart }));
    all("#dialog .dialog-form, #dialog form[data-dialog], #dialog a[data-dialog]").forEach((e) =>
      enhance(e, { ...address(e), ...inDialog, ...(e.enctype === "multipart/form-data" ? { encoding: e.enctype } : {}) }));
    all("a[data-dialog], form[data-dialog]").forEach((e) => enhance(e, { ...address(e), ...intoDialog }));
    all("button[data-dialog]").forEach((e) => enhance(e, { post: e.getAttribute("formaction"), ...intoDialog }));
    all(".list").forEach((list) => {
      if (!list.id) return;
      const reload = { ...part("#" + list.id), "push-url": "true", "select-oob": "#panel" };
      list.querySelectorAll("a.sort, .pages a").forEach((a) => enhance(a, { ...address(a), ...reload }));
      list.querySelectorAll(".chooser-form").forEach((f) => enhance(f, { ...address(f), ...part("#" + list.id) }));
    });
    // A choice that acts at once draws the part of the page that it changes; its button is without script only.
    all("form[data-at-once]").forEach((f) => enhance(f, { ...address(f), ...part(f.dataset.atOnce), trigger: "change", "push-url": "true" }));
    all("button[data-star]").forEach((b) => enhance(b, { post: b.form.getAttribute("action") + (b.classList.contains("btn") ? "?knapp=1" : ""), target: "#" + b.id, swap: "outerHTML" }));
    all(".edit-block").forEach((block) => {
      const self = { ...part("#" + block.id), "replace-url": "true", "select-oob": "#messages:innerHTML,#person-state:outerHTML,#unsaved:innerHTML" };
      block.querySelectorAll("a.edit-open, a.edit-leave, form.edit-form").forEach((e) => enhance(e, { ...address(e), ...self }));
    });
    all("[data-undo]").forEach(waitWithUndo);
    all("[data-copy]").forEach((button) => { button.hidden = !navigator.clipboard; });
    all("[data-print]").forEach((button) => { button.hidden = false; button.onclick = () => print(); });
    all("[data-bulk]").forEach(countTicked);
    all("details.filters").forEach(fold);
    all(".list-scroll").forEach(scrollByKey);
    // A narrow row of tabs begins with the one that is open in view
    all(".tabs").forEach((nav) => {
      const open = nav.querySelector("[aria-current]");
      if (open) nav.scrollLeft = open.offsetLeft - nav.offsetLeft - (nav.clientWidth - open.offsetWidth) / 2;
    });
  }

  // A list wider than its box can be scrolled from the keyboard
  function scrollByKey(box) {
    const wide = box.scrollWidth > box.clientWidth;
    for (const [name, value] of [["tabindex", "0"], ["role", "group"], ["aria-label", box.querySelector("caption")?.textContent]]) {
      if (wide) box.setAttribute(name, value); else box.removeAttribute(name);
    }
  }
  addEventListener("resize", () => every(".list-scroll").forEach(scrollByKey));

  // «Ångra»: the strip goes after ten seconds, unless somebody is at it
  function waitWithUndo(strip) {
    if (strip.dataset.undo) return;
    strip.dataset.undo = "waits";
    let timer;
    const busy = () => strip.matches(":hover") || strip.contains(document.activeElement);
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(() => { if (!busy()) strip.remove(); }, 10000);
    };
    strip.addEventListener("mouseleave", wait);
    strip.addEventListener("focusout", wait);
    strip.querySelector(".undo-close").addEventListener("click", () => {
      strip.remove();
      document.getElementById("innehall")?.focus();
    });
    wait();
  }

  // A file that is chosen or dropped (file.js, fetched then)
  for (const kind of ["change", "dragenter"]) {
    document.addEventListener(kind, (event) => {
      const drop = event.target.closest?.("[data-file]");
      if (drop) import(drop.dataset.file).then((file) => file.watch(drop), () => {});
    });
  }

  // Panel
  let opener = "";
  function markOpenRow() {
    const key = new URL(location.href).searchParams.get("panel");
    every("a.panel-link").forEach((a) => {
      const mine = new URL(a.href).searchParams.get("panel");
      const open = key !== null && mine === key;
      const row = a.closest("tr");
      if (row) row.classList.toggle("is-open", open);
      if (open) a.setAttribute("aria-expanded", "true"); else a.removeAttribute("aria-expanded");
    });
  }
  function closePanel(url) {
    const old = panel();
    const key = opener || new URL(location.href).searchParams.get("panel");
    const empty = document.createElement("aside");
    empty.className = "panel"; empty.id = "panel"; empty.hidden = true;
    old.replaceWith(empty);
    history.pushState({ htmx: true }, "", url);
    markOpenRow();
    const link = every("a.panel-link").find((a) => new URL(a.href).searchParams.get("panel") === key);
    (link || document.getElementById("innehall")).focus();
    opener = "";
  }

  // Dialog
  let origin = null;
  let dialogOpener = null;
  function closeDialog() {
    const box = dialog();
    if (box.open) box.close();
    box.replaceChildren();
    delete box.dataset.typed;
    if (origin) history.replaceState({ htmx: true }, "", origin);
    origin = null;
    if (dialogOpener && dialogOpener.isConnected) dialogOpener.focus();
    focusSomewhere();
    dialogOpener = null;
  }
  const nothingFocused = () => !document.activeElement || document.activeElement === document.body;
  function focusSomewhere() { if (nothingFocused()) document.getElementById("innehall")?.focus(); }
  function focusIn(scope, title) {
    const target = scope.querySelector("[aria-invalid='true']:not(fieldset), fieldset[aria-invalid='true'] input")
      || scope.querySelector("[autofocus]") || scope.querySelector(title);
    if (target) target.focus();
  }

  // Help beside the page (help.js)
  document.addEventListener("click", (event) => {
    const mark = event.target.closest("a[data-help]");
    if (!mark || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    import(mark.dataset.help).then((help) => help.open(mark)).catch(() => location.assign(mark.href));
  });

  // The search box of every page: Ctrl K and the magnifier (find.js)
  const magnifier = () => document.querySelector("a[data-find]");
  const finder = () => import(magnifier().dataset.find);
  const findBox = () => document.querySelector("dialog.find");
  function openFind() {
    const here = document.querySelector(".start-search [name=q]");
    if (here && !dialog().open) { here.focus(); here.select(); return; }
    if (findBox() || document.querySelector(".dialog-ask")) return;
    let typed = "";
    const early = (event) => {
      const key = event.key === "Enter" ? "\n" : event.key;
      if (key.length === 1 && !event.ctrlKey) { typed += key; event.preventDefault(); }
    };
    addEventListener("keydown", early, true);
    finder().then((find) => find.open(magnifier(), typed, focusSomewhere), () => location.assign(magnifier().href))
      .finally(() => removeEventListener("keydown", early, true));
  }
  addEventListener("input", ({ target }) => target.matches("[data-understands]") && finder().then((find) => find.understand(target)));
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.key.toLowerCase() !== "k" || !magnifier()) return;
    event.preventDefault();
    openFind();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("a[data-find]") || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    openFind();
  }, true);

  // Lists by keys: only from a row that has the focus; letters can be off (WCAG 2.1.4)
  const STEPS = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 };
  let walking = false;
  let walk;
  const rowLink = (row) => row?.querySelector("td:not(.act) a, a, button");
  function nextRow(row, step) {
    const rows = [...row.closest("table").querySelectorAll("tbody tr")].filter(rowLink);
    return rows[rows.indexOf(row) + step];
  }
  function openNow(link) {
    clearTimeout(walk);
    walk = setTimeout(() => { if (document.activeElement === link) { walking = true; link.click(); } }, 200);
  }
  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || target.matches("input:not([type=checkbox]), select, textarea")) return;
    const letter = /^\p{L}$/u.test(key);
    if (letter && root.dataset.letters === "off") return;
    const step = STEPS[letter ? key.toLowerCase() : key];
    const row = target.matches(".panel-title") && !letter ? document.querySelector("tr.is-open") : target.closest(".list-table tbody tr, .table-list tbody tr");
    if (!row) return;
    if (!step) {
      const button = letter && [...row.querySelectorAll("[aria-keyshortcuts]")].find((b) => b.getAttribute("aria-keyshortcuts") === key.toUpperCase());
      if (button && button.checkVisibility()) { event.preventDefault(); button.click(); }
      return;
    }
    event.preventDefault();
    const next = nextRow(row, step);
    if (!next) return;
    if (target.matches(".panel-title")) { rowLink(next).click(); return; }
    (target.matches("[type=checkbox]") && next.querySelector("[type=checkbox]") || rowLink(next)).focus();
    const open = panel();
    if (open && !open.hidden && innerWidth >= 992 && document.activeElement.matches("a.panel-link")) openNow(document.activeElement);
  });

  // Typed and not sent
  // What is searched for is typed again in a moment: only forms that say something count.
  const TYPED = "textarea, input:not([type=hidden], [type=checkbox], [type=radio], [type=file], [type=password], [name=nummer], [name=q], [name=search])";
  // The question was answered: what is typed may go
  let sure = false;
  function holdsText(field) {
    if (!field.matches(TYPED)) return false;
    const refused = field.matches("[aria-invalid=true], [data-typed]") || document.getElementById("unsent");
    return field.value !== field.defaultValue || Boolean(refused && field.value);
  }
  function isUnsent(form) {
    return form.method === "post" && !form.dataset.sent && !form.matches("[role=search], .signin form") && [...form.elements].some(holdsText);
  }
  const dialogHolds = () => Boolean(dialog() && dialog().open && (dialog().dataset.typed || [...dialog().querySelectorAll("form")].some(isUnsent)));
  const pageHolds = (besides) => dialogHolds() || [...document.forms].some((form) => form !== besides && isUnsent(form));
  function ask(leave) {
    const box = document.createElement("dialog");
    box.className = "dialog dialog-ask";
    box.setAttribute("role", "alertdialog");
    box.setAttribute("aria-labelledby", "ask-title");
    box.setAttribute("aria-describedby", "ask-text");
    box.innerHTML = `<div class="dialog-box"><div class="dialog-head"><h2 class="dialog-title" id="ask-title">Lämna utan att spara?</h2></div>
      <div class="dialog-scroll"><p id="ask-text">Det du har skrivit är inte sparat. Lämnar du nu försvinner det.</p></div>
      <div class="dialog-foot"><button class="btn btn-link" type="button" autofocus>Fortsätt skriva</button><span class="dialog-hint"></span><button class="btn btn-danger" type="button" value="leave">Lämna</button></div></div>`;
    let answer = "";
    box.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) { answer = button.value; box.close(); }
    });
    box.addEventListener("close", () => {
      box.remove();
      if (answer !== "leave") return;
      sure = true;
      leave();
      setTimeout(() => { sure = false; }, 1000);
    });
    document.body.append(box);
    box.showModal();
  }
  // What following the link would lose.
  function losesText(link) {
    if (dialog() && dialog().contains(link)) {
      if (link.matches(".dialog-close")) return dialogHolds();
      if (link.hasAttribute("hx-get")) return [...dialog().querySelectorAll("form")].some(isUnsent);
    }
    if (link.matches(".edit-leave")) return [...link.closest(".edit-block").querySelectorAll("input, textarea")].some(holdsText);
    return !link.hasAttribute("hx-get") && !link.matches(".panel-close") && pageHolds();
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (link.dataset.download) { takeFile(event, link); return; }
    if (sure || link.target === "_blank" || link.dataset.account || /^(#|tel:|mailto:)/.test(link.getAttribute("href"))) return;
    if (!losesText(link)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    ask(() => link.click());
  }, true);
  // What Enter presses where it should do nothing (templates/parts/no_enter.html).
  const goesNowhere = (event) => event.submitter && event.submitter.formMethod === "dialog";
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const stays = form.hasAttribute("hx-post") || form.hasAttribute("hx-get") || form.dataset.download;
    if (sure || stays || goesNowhere(event) || !pageHolds(form)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const { submitter } = event;
    ask(() => form.requestSubmit(submitter));
  }, true);
  addEventListener("beforeunload", (event) => { if (!sure && pageHolds()) event.preventDefault(); });
  document.addEventListener("input", (event) => {
    const { form } = event.target;
    if (!form || !event.target.matches(TYPED)) return;
    delete form.dataset.sent;
    if (dialog() && dialog().contains(form)) dialog().dataset.typed = "1";
  });
  function askAndCloseDialog() { if (dialogHolds()) ask(closeDialog); else closeDialog(); }

  // No answer
  function tell(words) {
    const where = document.getElementById("find-says") || (dialog() && dialog().open && dialog().querySelector(".dialog-scroll")) || document.querySelector("#messages, main .dialog-scroll");
    if (!where) return;
    where.querySelectorAll("[data-told]").forEach((old) => old.remove());
    if (!words) return;
    const note = document.createElement("p");
    note.className = "note note-error";
    note.dataset.told = "1";
    note.setAttribute("role", "alert");
    note.textContent = words;
    where.prepend(note);
    note.scrollIntoView({ block: "nearest" });
  }
  // A file is fetched beside the page, which stays whatever becomes of it (download.js)
  function takeFile(event, from) {
    event.preventDefault();
    startLoading();
    const script = from.dataset.download;
    // A browser remembers that a script couldn't be fetched.
    import(script).catch(() => import(`${script}?${Date.now()}`))
      .then((file) => file.take(from)).then(tell, () => tell(NO_CONTACT)).finally(stopLoading);
  }
  const NO_CONTACT = "Ingen kontakt med portalen. Det du skrev finns kvar. Försök igen.";
  const BROKEN = "Något gick fel i portalen. Det du skrev finns kvar. Försök igen.";
  const TOO_OLD = "Sidan har blivit för gammal och kunde inte skickas. Det du skrev finns kvar: kopiera det, ladda om sidan och skicka igen.";

  // Double sends
  function hold(form) {
    form.dataset.sending = "1";
    // Once the browser has read which button was pressed.
    setTimeout(() => form.querySelectorAll("button[type=submit], button:not([type])").forEach((b) => {
      if (b.disabled) return;
      b.dataset.held = b === document.activeElement ? "focused" : "1";
      b.disabled = true;
    }));
  }
  function release(scope) {
    scope.querySelectorAll("form[data-sending]").forEach((f) => delete f.dataset.sending);
    if (scope.dataset && scope.dataset.sending) delete scope.dataset.sending;
    scope.querySelectorAll("[data-held]").forEach((b) => {
      b.disabled = false;
      if (b.dataset.held === "focused" && nothingFocused()) b.focus();
      delete b.dataset.held;
    });
  }

  // How much of the window is taken by what sticks at its top
  function measureStuck() {
    const height = (selector) => {
      const part = document.querySelector(selector);
      return part && getComputedStyle(part).position === "sticky" ? part.offsetHeight : 0;
    };
    const top = height("body > .top");
    root.style.setProperty("--top", `${top}px`);
    root.style.setProperty("--stuck", `${top + [".band", ".band-thin", ".band > .band-who"].reduce((sum, part) => sum + height(`main > ${part}`), 0)}px`);
  }

  // Ticked rows
  const boxesOf = (bar) => every(`input[form="${bar.id}"]:enabled`);
  function countTicked(bar) {
    const boxes = boxesOf(bar);
    const ticked = boxes.filter((box) => box.checked).length;
    bar.closest(".list")?.querySelectorAll("[data-tick-all]").forEach((all) => {
      all.checked = ticked > 0 && ticked === boxes.length;
      all.indeterminate = ticked > 0 && ticked < boxes.length;
      all.disabled = !boxes.length;
    });
    bar.querySelector("[data-bulk-count]").textContent = ticked ? `${ticked} ${ticked === 1 ? "vald" : "valda"}` : "";
    bar.classList.toggle("is-on", ticked > 0);
  }
  // All boxes off, at once: what is ticked next must not lose its focus to a later moment.
  document.addEventListener("reset", (event) => {
    const bar = event.target;
    if (!bar.hasAttribute("data-bulk")) return;
    event.preventDefault();
    boxesOf(bar).forEach((box) => { box.checked = false; });
    countTicked(bar);
    bar.closest(".list")?.querySelector(".list-count")?.focus();
  });

  // Loading line
  let waiting = 0;
  let timer = null;
  function startLoading() {
    waiting += 1;
    if (timer || waiting > 1) return;
    timer = setTimeout(() => {
      const line = document.getElementById("loading");
      const words = document.createElement("span");
      words.textContent = "Hämtar …";
      line.replaceChildren(words);
      line.classList.add("is-on");
    }, 300);
  }
  function stopLoading() {
    waiting = Math.max(0, waiting - 1);
    if (waiting) return;
    clearTimeout(timer);
    timer = null;
    const line = document.getElementById("loading");
    line.replaceChildren();
    line.classList.remove("is-on");
  }

  // Events
  document.addEventListener("click", (event) => {
    const close = event.target.closest("#dialog .dialog-close");
    if (close && dialog().open) { event.preventDefault(); closeDialog(); return; }
    const cross = event.target.closest(".panel-close");
    if (cross) { event.preventDefault(); closePanel(cross.href); return; }

    const step = event.target.closest("[data-step]");
    if (step) {
      const input = step.parentElement.querySelector("input");
      const low = input.min === "" ? 0 : Number(input.min);
      const high = input.max === "" ? Infinity : Number(input.max);
      input.value = Math.min(high, Math.max(low, (parseInt(input.value, 10) || 0) + Number(step.dataset.step)));
      input.dispatchEvent(new Event("input", { bubbles: true }));
      input.dispatchEvent(new Event("change", { bubbles: true }));
      return;
    }

    every("details[data-fold][open]").forEach((d) => {
      if (!d.contains(event.target)) d.open = false;
    });

    const row = event.target.closest("tr.row-link, tr[data-href]");
    if (row && !event.target.closest("a, button, input, label, select, summary, form") && !String(getSelection())) {
      const link = row.querySelector("td:not(.act) a");
      if (link) {
        if (event.ctrlKey || event.metaKey) window.open(link.href, "_blank", "noopener"); else link.click();
      }
    }
  });

  // A menu first on its row has no room to its left.
  document.addEventListener("toggle", ({ target }) => {
    const drop = target.querySelector(":scope.drop-menu[open] > .drop");
    if (!drop) return;
    drop.style.cssText = "";
    if (drop.getBoundingClientRect().x < 0) drop.style.cssText = "left:0;right:auto";
  }, true);

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || findBox()) return;
    const fold = document.querySelector("details[data-fold][open]");
    if (fold) { fold.open = false; fold.querySelector("summary").focus(); return; }
    if (dialog() && dialog().open) return;
    const open = panel();
    if (open && !open.hidden) closePanel(open.querySelector(".panel-close").href);
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (goesNowhere(event)) return;
    if (form.dataset.sending) { event.preventDefault(); event.stopImmediatePropagation(); return; }
    if (form.dataset.download) { takeFile(event, form); return; }
    if (form.method !== "post" || event.defaultPrevented) return;
    if (!navigator.onLine) { event.preventDefault(); event.stopImmediatePropagation(); tell(NO_CONTACT); return; }
    form.dataset.sent = "1";
    hold(form);
  }, true);

  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (event.target.matches("[data-tick-all]")) {
      const bar = event.target.closest(".list").querySelector("[data-bulk]");
      boxesOf(bar).forEach((box) => { box.checked = event.target.checked; });
      countTicked(bar);
      return;
    }
    if (form && form.hasAttribute("data-bulk")) countTicked(form);
    // An aid that is ticked takes its parts along; each can be ticked off again.
    if (event.target.dataset.main) {
      form.querySelectorAll(`[data-part-of="${event.target.dataset.main}"]`).forEach((part) => { part.checked = event.target.checked; });
    }
  });

  addEventListener("pageshow", () => {
    release(document.body);
    findBox()?.close();
    sure = false;
    every("form[data-sent]").forEach((form) => delete form.dataset.sent);
  });

  document.addEventListener("htmx:beforeRequest", (event) => {
    startLoading();
    const source = event.detail.elt;
    if (event.detail.target && event.detail.target.id === "dialog" && !dialog().open) {
      origin = location.href;
      dialogOpener = source.tagName === "FORM" ? document.activeElement : source;
      const fold = source.closest("details[data-fold]");
      if (fold) dialogOpener = fold.querySelector("summary");
      delete dialog().dataset.typed;
    }
    if (source.classList.contains("panel-link")) opener = new URL(source.href).searchParams.get("panel");
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    stopLoading();
    const form = event.detail.elt.closest && event.detail.elt.closest("form");
    if (form) release(form);
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    // The database is away or busy (sesam/faults.py)
    if (event.detail.xhr.getResponseHeader("X-Fault")) {
      event.detail.shouldSwap = event.detail.isError = false;
      unsent(event);
      tell(event.detail.serverResponse);
      return;
    }
    // What was typed, with what is wrong beside it: the store of files is away (sesam/file_store.py)
    if (event.detail.xhr.getResponseHeader("X-At-Field")) { event.detail.shouldSwap = true; event.detail.isError = false; }
    const target = event.detail.target;
    const isBlock = Boolean(target?.id.startsWith("block-"));
    if (!target || !(isBlock || ["dialog", "dialog-body", "order-preview", "panel"].includes(target.id))) return;
    // #unsaved tells
    if (isBlock && event.detail.xhr.status === 409) return;
    // A page without the wanted part (signed out, not allowed, ended) is shown whole, where it is.
    const wanted = isBlock || target.id === "panel" ? `id="${target.id}"` : 'id="dialog-body"';
    if (!event.detail.serverResponse.includes(wanted)) {
      event.detail.shouldSwap = false;
      const { verb } = event.detail.requestConfig;
      if (verb === "post" && event.detail.xhr.status === 403) { unsent(event); tell(TOO_OLD); return; }
      delete dialog().dataset.typed;
      location.assign(event.detail.xhr.responseURL || location.href);
    }
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const id = event.detail.target && event.detail.target.id;
    if (id === "panel") {
      const fresh = panel();
      if (!fresh.hidden) {
        const tab = event.detail.requestConfig && event.detail.requestConfig.elt.closest(".tabs");
        if (walking) { walking = false; return; }
        if (tab) (fresh.querySelector(".tabs [aria-current]") || fresh.querySelector(".panel-title")).focus();
        else { fresh.classList.add("is-new"); fresh.querySelector(".panel-title").focus({ preventScroll: innerWidth >= 992 }); }
        if (innerWidth < 992) scrollTo(0, 0);
      }
    } else if (id === "dialog" || id === "dialog-body") {
      const box = dialog();
      if (!document.getElementById("dialog-body")) return;
      const danger = box.querySelector("[data-danger]");
      box.classList.toggle("is-danger", Boolean(danger));
      for (const [name, value] of [["role", "alertdialog"], ["aria-describedby", "dialog-says"]]) {
        if (danger) box.setAttribute(name, value); else box.removeAttribute(name);
      }
      // Stays for the steps that follow
      box.querySelectorAll("link").forEach((sheet) => {
        if (document.head.querySelector(`link[href="${sheet.getAttribute("href")}"]`)) sheet.remove(); else document.head.append(sheet);
      });
      if (box.querySelector("#dialog-body") && !box.open) box.showModal();
    }
  });
  // «Kopiera»
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    navigator.clipboard.writeText(button.dataset.copy).then(() => {
      const words = button.querySelector("[aria-live]");
      words.textContent = "Kopierat";
      setTimeout(() => { words.textContent = "Kopiera"; }, 2000);
    }, () => {});
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    markOpenRow();
    // A list that was sorted has new boxes
    every("[data-bulk]").forEach(countTicked);
    const id = event.detail.target && event.detail.target.id;
    // Now that htmx has given the focus to the first that asks for it, a message perhaps.
    if (id === "dialog" || id === "dialog-body") {
      const body = dialog().open && document.getElementById("dialog-body");
      // A choice that draws the step anew keeps the focus, which htmx has given back to it.
      const { triggeringEvent } = event.detail.requestConfig || {};
      const chosen = triggeringEvent && triggeringEvent.type === "change" && body && body.contains(document.activeElement);
      if (body && !chosen) focusIn(body, ".dialog-title");
    } else if (id && id.startsWith("block-") && !document.activeElement?.closest("#unsaved")) {
      const block = document.getElementById(id);
      if (block.classList.contains("is-editing")) focusIn(block, "input:not([type=hidden]), select, textarea");
      else {
        const pencil = block.querySelector(".edit-open");
        pencil?.focus();
        // Folded, on a phone
        if (document.activeElement !== pencil) block.querySelector("summary")?.focus();
      }
    }
    const list = id && document.getElementById(id);
    if (list && list.classList.contains("list") && nothingFocused()) list.querySelector(".list-count")?.focus();
    focusSomewhere();
  });
  // What was sent and not taken in is still only here.
  function unsent(event) {
    const form = event.detail.elt.closest("form");
    if (form) delete form.dataset.sent;
  }
  document.addEventListener("htmx:sendError", (event) => { unsent(event); tell(NO_CONTACT); });
  document.addEventListener("htmx:responseError", (event) => { unsent(event); tell(BROKEN); });
  // The server leads elsewhere: it has what was sent.
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const { verb, elt } = event.detail.requestConfig;
    if (!event.detail.xhr.getResponseHeader("HX-Redirect") || verb !== "post" || elt.closest(".find")) return;
    delete dialog().dataset.typed;
    sessionStorage.setItem("answered", "");
  });

  // «3 av 3 fördelade» follows while quantities are moved between articles (spread.js, fetched then).
  document.addEventListener("input", (event) => {
    const table = event.target.closest("[data-spread]");
    if (table) import(table.dataset.script).then((spread) => spread.count(table), () => {});
  });

  // A filter of the back office acts at once, and has the focus again on the page that comes.
  document.addEventListener("change", ({ target }) => {
    if (target.matches("select[data-go]")) location.assign(`${target.value || "?"}#${target.id}`);
  });

  // Filters stand open beside the search box where there is room, else folded under it.
  const narrow = matchMedia("(max-width: 799.98px)");
  function fold(details) { details.open = !narrow.matches; }
  narrow.addEventListener("change", () => every("details.filters").forEach(fold));

  // What shows the same page otherwise (a tab, another order, another page of a list), followed as a plain
  // link: there one is again, and not at the page's top.
  const TURNS = { ".tabs": ".tabs [aria-current]", "a.sort": "th[aria-sort] a.sort", ".pages": ".list-count" };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]:not([hx-get])");
    const turn = link && !event.defaultPrevented && Object.keys(TURNS).find((kind) => link.closest(kind));
    if (turn) sessionStorage.setItem("turn", `${turn} ${link.pathname}`);
  });
  function whereTurned() {
    const [turn, path] = (sessionStorage.getItem("turn") || "").split(/ (?=\/)/);
    sessionStorage.removeItem("turn");
    return path === location.pathname && document.querySelector(`main :is(${TURNS[turn]})`);
  }

  // A whole page that answers a deed says where: the first field that is wrong, what the page itself
  // gave the focus (a message, a count, a removed row), else its heading.
  function focusAnswer() {
    // By htmx
    const answered = sessionStorage.getItem("answered") !== null;
    sessionStorage.removeItem("answered");
    const invalid = document.querySelector("main [aria-invalid='true']:not(fieldset), main fieldset[aria-invalid='true'] input");
    if (invalid) { invalid.focus(); return; }
    const turned = whereTurned();
    if (location.hash || !nothingFocused()) return;
    const given = turned || document.querySelector("main [autofocus]");
    const [came] = performance.getEntriesByType("navigation");
    if (!given && !answered && !(came && (came.redirectCount || came.responseStatus >= 400))) return;
    const target = given || document.querySelector("main h1:not(.visually-hidden)") || document.getElementById("innehall");
    if (target && !target.matches("a, button, input, select, textarea, [tabindex]")) target.tabIndex = -1;
    if (target) target.focus();
  }

  // By whom and when, in the foot of each paper, which Chromium alone draws.
  addEventListener("beforeprint", () => {
    const foot = document.querySelector(".print-foot");
    if (!foot) return;
    foot.querySelector("time").textContent = new Date().toLocaleString("sv-SE").slice(0, 16);
    foot.hidden = Boolean(navigator.userAgentData);
    if (foot.hidden) root.style.setProperty("--print-foot", JSON.stringify(foot.textContent));
  });

  function start() {
    const box = dialog();
    if (box) {
      box.addEventListener("cancel", (event) => { event.preventDefault(); askAndCloseDialog(); });
      // A browser may close it by itself at the second Escape.
      box.addEventListener("close", () => { if (dialog().dataset.typed && document.getElementById("dialog-body")) { box.showModal(); ask(closeDialog); } });
      box.addEventListener("click", (event) => { if (event.target === box && !box.querySelector(".dialog-form")) closeDialog(); });
    }
    const sticks = new ResizeObserver(measureStuck);
    every("body > .top, main > .band, main > .band-thin, main > .band > .band-who").forEach((part) => sticks.observe(part));
    addEventListener("resize", measureStuck);
    focusAnswer();
    if (/^#valj-\d+$/.test(location.hash)) document.querySelector(location.hash)?.focus();
    window.htmx?.onLoad(enhanceAll);
    enhanceAll(document.body);
    markOpenRow();
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start); else start();
})();
