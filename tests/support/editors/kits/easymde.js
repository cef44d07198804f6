import EasyMDE from "easymde";
import "easymde/dist/easymde.min.css";
import { add, begin } from "./kit.js";

const editor = new EasyMDE({ element: add("textarea"), autoDownloadFontAwesome: false, spellChecker: false });
begin({ model: () => editor.value(), write: (text) => editor.value(text), undo: () => editor.codemirror.undo() });
