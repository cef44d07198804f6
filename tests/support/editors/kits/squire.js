import Squire from "squire-rte";
import { begin, paragraphs, place, textIn } from "./kit.js";

const editor = new Squire(place, { blockTag: "P", sanitizeToDOMFragment: (markup) => document.createRange().createContextualFragment(markup) });
begin({ model: () => textIn(editor.getHTML()), write: (text) => { editor.setHTML(paragraphs(text)); editor.saveUndoState(); }, undo: () => editor.undo() });
