import "sceditor/minified/sceditor.min.js";
import "sceditor/minified/themes/default.min.css";
import { add, begin, paragraphs, textIn } from "./kit.js";

const area = add("textarea");
area.style.height = "240px";
globalThis.sceditor.create(area, { emoticonsEnabled: false, toolbar: "bold" });
const editor = globalThis.sceditor.instance(area);
begin({ model: () => textIn(editor.val()), write: (text) => editor.val(paragraphs(text)), undo: () => editor.execCommand("undo") });
