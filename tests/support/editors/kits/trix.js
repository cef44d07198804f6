import "trix";
import "trix/dist/trix.css";
import { add, begin, paragraphs } from "./kit.js";

add("input", { id: "trix-value", type: "hidden", name: "trix" });
const element = add("trix-editor", { input: "trix-value" });
while (!element.editor) await new Promise((resolve) => setTimeout(resolve, 50));
const { editor } = element;
begin({ model: () => editor.getDocument().toString(), write: (text) => editor.loadHTML(paragraphs(text).replaceAll("p>", "div>")), undo: () => editor.undo() });
