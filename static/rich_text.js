// The editor of rich text (django-prose-editor), started without its import map and its style
// element, which the Content Security Policy refuses. What may be typed is what
// sesam/rich_text.py lets in.
const WORDS = {
  "paragraph": "Brödtext", "Paragraph": "Brödtext", "Heading 2": "Rubrik", "Heading 3": "Mellanrubrik",
  "heading 2": "Rubrik", "heading 3": "Mellanrubrik",
  "unordered list": "Punktlista", "ordered list": "Numrerad lista", "List properties": "Listans egenskaper",
  "blockquote": "Citat", "bold": "Fet", "italic": "Kursiv", "insert link": "Länk", "link": "Länk",
  "remove link": "Ta bort länken", "undo": "Ångra", "redo": "Gör om", "image": "Bild",
  "Edit Link": "Länk", "URL": "Adress", "Title": "Titel", "Update": "Spara", "Cancel": "Avbryt",
  "Edit Image": "Bild", "Image URL": "Bildens adress", "Alternative Text": "Alternativtext", "Insert": "Infoga",
  "List type": "Slag av lista", "Start at": "Börja med", "Decimal numbers": "Siffror",
  "Lowercase letters": "Små bokstäver", "Uppercase letters": "Stora bokstäver",
  "Lowercase Roman numerals": "Små romerska siffror", "Uppercase Roman numerals": "Stora romerska siffror",
};
const before = window.gettext || ((text) => text);
window.gettext = (text) => WORDS[text] || before(text); // the editor asks when it is loaded

const {
  Blockquote, Bold, BulletList, Document, Gapcursor, HardBreak, Heading, History, Image, Italic,
  Link, ListItem, Menu, NoSpellCheck, OrderedList, Paragraph, Text, createTextareaEditor,
} = await import("./django_prose_editor/editor.js");

// It looks for its style element before it makes one; this one is none. The rules stand in
// rich_text.css.
const known = document.createElementNS("urn:portal", "style");
known.setAttribute("data-tiptap-style", "");
document.head.append(known);

function readable(around) {
  around.querySelectorAll(".prose-menubar__button").forEach((button) => {
    button.setAttribute("aria-disabled", button.classList.contains("disabled"));
    if (!button.textContent || !button.classList.contains("material-icons")) return;
    button.dataset.drawing = button.textContent; // letters that the font draws as one: no text to read
    button.textContent = "";
  });
  around.querySelectorAll(".prose-menubar [title]").forEach((button) => {
    const word = WORDS[button.title];
    if (!word) return;
    button.title = word;
    button.setAttribute("aria-label", word);
  });
  around.querySelectorAll(".prose-menubar__option > *").forEach((option) => {
    const word = WORDS[option.textContent];
    if (word) option.textContent = word;
  });
}

for (const area of document.querySelectorAll("textarea[data-rich-text]")) {
  const editor = createTextareaEditor(area, [
    Document, Gapcursor, Paragraph, HardBreak, Text, History, Menu, NoSpellCheck, Bold, Italic,
    Heading.configure({ levels: [2, 3] }), BulletList, OrderedList, ListItem, Blockquote,
    Link.configure({ enableTarget: false }), Image,
  ]);
  const shown = editor.view.dom;
  const label = document.querySelector(`label[for="${area.id}"]`);
  shown.setAttribute("role", "textbox");
  shown.setAttribute("aria-multiline", "true");
  if (label) shown.setAttribute("aria-label", label.textContent.trim());
  const described = area.getAttribute("aria-describedby");
  if (described) shown.setAttribute("aria-describedby", described);
  if (label) label.addEventListener("click", (event) => { event.preventDefault(); editor.commands.focus(); });
  if (area.autofocus) editor.commands.focus();
  const around = area.closest(".prose-editor"); // the bar comes a moment later
  readable(around);
  new MutationObserver(() => readable(around))
    .observe(around, { subtree: true, childList: true, attributeFilter: ["class"] });
}
