// What was typed when the session had ended, put back into fields that the server didn't fill.
(function () {
  "use strict";
  const typed = new Map();
  document.querySelectorAll("[data-unsent]").forEach((kept) => {
    const name = kept.dataset.unsent;
    typed.set(name, [...(typed.get(name) || []), kept.value]);
  });
  const texts = (form) => [...form.elements].filter((e) => e.name && e.matches("textarea, select, input:not([type=hidden], [type=checkbox], [type=radio], [type=file], [type=submit])"));
  const { path } = document.getElementById("unsent").dataset;
  document.querySelectorAll("form").forEach((form) => {
    // The form that was posted has all of its fields among what was.
    if (form.method !== "post" || new URL(form.action).pathname !== path || !texts(form).every((e) => typed.has(e.name))) return;
    const used = new Map();
    [...form.elements].forEach((e) => {
      if (!e.name || e.disabled || e.type === "hidden" || e.type === "file" || e.type === "submit" || e.tagName === "BUTTON" || e.tagName === "FIELDSET") return;
      const values = typed.get(e.name) || [];
      if (e.type === "checkbox" || e.type === "radio") { e.checked = values.includes(e.value); return; }
      if (e.multiple) { [...e.options].forEach((o) => { o.selected = values.includes(o.value); }); return; }
      const nth = used.get(e.name) || 0;
      used.set(e.name, nth + 1);
      if (nth < values.length) e.value = values[nth];
    });
  });
})();
