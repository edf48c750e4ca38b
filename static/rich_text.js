// The editor of rich text (django-prose-editor), started without its import map and its style
// element, which the Content Security Policy refuses. What may be typed is what
// sesam/rich_text.py lets in.
import {
  Blockquote, Bold, BulletList, Document, Gapcursor, HardBreak, Heading, History, Image, Italic,
  Link, ListItem, Menu, NoSpellCheck, OrderedList, Paragraph, Text, createTextareaEditor,
} from "./django_prose_editor/editor.js";

// It looks for its style element before it makes one; this one is none. The rules stand in
// rich_text.css.
const known = document.createElementNS("urn:portal", "style");
known.setAttribute("data-tiptap-style", "");
document.head.append(known);

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
}
