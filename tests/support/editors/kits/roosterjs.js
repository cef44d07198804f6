import { createEditor, exportContent } from "roosterjs";
import { add, begin, paragraphs } from "./kit.js";

const area = add("div");
area.style.minHeight = "150px";
const editor = createEditor(area);
const model = () => exportContent(editor, "PlainText");
const write = (text) => { area.innerHTML = paragraphs(text); };
begin({ model, write, undo: () => document.execCommand("undo") });
