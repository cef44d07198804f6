import { createEditor, createToolbar } from "@wangeditor/editor";
import "@wangeditor/editor/dist/css/style.css";
import { begin, paragraphs, place } from "./kit.js";

place.style.height = "200px";
const editor = createEditor({ selector: place, html: "<p><br></p>" });
begin({ model: () => editor.getText(), write: (text) => editor.setHtml(paragraphs(text)), undo: () => editor.undo() });
