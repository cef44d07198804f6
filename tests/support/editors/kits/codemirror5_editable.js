import CodeMirror from "codemirror5";
import "codemirror5/lib/codemirror.css";
import { begin, place } from "./kit.js";

const editor = CodeMirror(place, { inputStyle: "contenteditable" });
begin({ model: () => editor.getValue(), write: (text) => editor.setValue(text), undo: () => editor.undo() });
