import ace from "ace-builds/src-noconflict/ace.js";
import { begin, place } from "./kit.js";

place.style.height = "240px";
const editor = ace.edit(place, { useWorker: false });
begin({ model: () => editor.getValue(), write: (text) => editor.setValue(text, 1), undo: () => editor.undo() });
