import "@blocknote/core/fonts/inter.css";
import { BlockNoteEditor } from "@blocknote/core";
import "@blocknote/core/style.css";
import { begin, place } from "./kit.js";

const editor = BlockNoteEditor.create();
editor.mount(place);
const model = () => editor.document.map(({ content }) => (Array.isArray(content) ? content : []).map(({ text }) => text ?? "").join("")).join("\n");
const write = (text) => editor.replaceBlocks(editor.document, text.split("\n").map((line) => ({ type: "paragraph", content: line })));
begin({ model, write, undo: () => editor.undo() });
