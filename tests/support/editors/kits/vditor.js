import Vditor from "vditor";
import "vditor/dist/index.css";
import { begin, place } from "./kit.js";

const editor = await new Promise((resolve) => {
  const made = new Vditor(place, { height: 260, mode: "ir", lang: "en_US", cdn: "/node_modules/vditor", cache: { enable: false }, after: () => resolve(made) });
});
begin({ model: () => editor.getValue(), write: (text) => editor.setValue(text), undo: () => editor.vditor.undo.undo(editor.vditor) });
