import Quill from "quill";
import "quill/dist/quill.snow.css";
import { begin, place } from "./kit.js";

const editor = new Quill(place, { theme: "snow" });
begin({ model: () => editor.getText(), write: (text) => editor.setText(text), undo: () => editor.history.undo() });
