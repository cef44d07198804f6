import { add, begin } from "./kit.js";

const root = add("section").attachShadow({ mode: "open" });
const editor = document.createElement("div");
editor.contentEditable = "true";
editor.style.minHeight = "150px";
root.append(editor);
begin({ model: () => editor.innerText, write: (text) => { editor.innerText = text; }, undo: () => document.execCommand("undo") });
