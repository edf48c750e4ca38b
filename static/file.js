// Which file was chosen in a field of templates/parts/file.html, and taking it away again. The browser
// itself takes one by click, key or drop: its own input lies over the whole field.
export function watch(drop) {
  if (!drop.dataset.watched) {
    drop.dataset.watched = "1";
    const input = drop.querySelector("input");
    input.addEventListener("change", () => show(drop));
    drop.querySelector("button").addEventListener("click", () => {
      input.value = "";
      show(drop);
      input.focus();
    });
    for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
      drop.addEventListener(kind, () => drop.classList.toggle("is-over", kind === "dragenter" || kind === "dragover"));
    }
  }
  show(drop);
}

function show(drop) {
  const [file] = drop.querySelector("input").files;
  const name = drop.querySelector(".file-name");
  name.replaceChildren();
  if (file) {
    name.append(Object.assign(document.createElement("b"), { textContent: file.name }), sizeOf(file));
    drop.querySelector("input").removeAttribute("aria-invalid");
  }
  drop.querySelector("button").hidden = !file;
}

function sizeOf({ size }) {
  return size < 1e6 ? `${Math.ceil(size / 1e3)} kB` : `${(size / 1e6).toFixed(1).replace(".", ",")} MB`;
}
