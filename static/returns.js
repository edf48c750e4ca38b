// «Retur»: «Skrota» ticks «Retur», and what happens to each aid is said before it is sent, as the
// server counts it (pickups/aids.py). A changed choice must be confirmed anew.
(function () {
  "use strict";
  const form = document.querySelector("form[data-return]");
  if (!form) return;
  const box = (row, name) => row.querySelector(`input[name=${name}]`);

  function going(row) {
    if (!box(row, "valda").checked) return 0;
    const held = Number(row.dataset.has);
    const typed = row.querySelector(".back-count");
    if (!typed) return held;
    const count = /^[0-9]{1,8}$/.test(typed.value.trim()) ? Number(typed.value) : 0;
    return count <= held ? count : 0;
  }

  function say() {
    const sums = [0, 0, 0];
    const toConfirm = [];
    for (const row of form.querySelectorAll("tr[data-has]")) {
      const [tick, scrap] = [box(row, "valda"), box(row, "skrota").checked];
      const count = going(row);
      const shares = [scrap ? 0 : count, scrap ? count : 0, row.dataset.has - count];
      shares.forEach((share, i) => { sums[i] += share; });
      const main = tick.dataset.partOf && document.getElementById(`valj-${tick.dataset.partOf}`);
      const line = form.querySelector(`[data-fate-of="${tick.value}"]`);
      line.hidden = !(tick.checked || (main && main.checked));
      line.querySelector("[data-fate]").textContent = words(shares.map((n) => n || ""));
      const isA = tick.dataset.kind === "a";
      if (tick.checked && (isA || scrap)) {
        toConfirm.push(`${isA ? "a" : ""}${scrap ? "s" : ""}${tick.value}`);
      }
    }
    form.querySelector("[data-fate-sum]").textContent = words(sums);
    const confirm = form.querySelector("[data-confirm]");
    const yes = confirm.querySelector("input");
    if (yes.value !== toConfirm.join(" ")) yes.checked = false;
    yes.value = toConfirm.join(" ");
    confirm.hidden = !toConfirm.length;
    confirm.querySelector("[data-about-a]").hidden = !toConfirm.some((x) => /^a[0-9]/.test(x));
    confirm.querySelector("[data-about-scrap]").hidden = !toConfirm.some((x) => x.includes("s"));
  }

  function words(counts) {
    const fates = ["till förrådet", "skrotas", "stannar hos mottagaren"];
    return fates.map((fate, i) => `${counts[i]} st ${fate}`).filter((_, i) => counts[i] !== "").join(", ");
  }

  form.addEventListener("change", (event) => {
    const row = event.target.closest("tr[data-has]");
    if (row && event.target.name === "skrota" && event.target.checked) tick(row, true);
    if (row && event.target.name === "valda" && !event.target.checked) box(row, "skrota").checked = false;
    say();
  });
  form.addEventListener("input", say);
  addEventListener("pageshow", say);

  function tick(row, on) {
    const wanted = box(row, "valda");
    if (wanted.checked === on) return;
    wanted.checked = on;
    wanted.dispatchEvent(new Event("change", { bubbles: true })); // its parts follow: portal.js
  }
})();
