import { Jodit } from "jodit";
import "jodit/es2021/jodit.min.css";
import { begin, paragraphs, place, textIn } from "./kit.js";

const editor = Jodit.make(place, { height: 260 });
begin({ model: () => textIn(editor.value), write: (text) => { editor.value = paragraphs(text); }, undo: () => editor.history.undo() });
