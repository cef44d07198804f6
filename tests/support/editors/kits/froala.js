import FroalaEditor from "froala-editor";
import "froala-editor/css/froala_editor.pkgd.min.css";
import { begin, paragraphs, place, textIn } from "./kit.js";

const editor = await new Promise((resolve) => {
  const made = new FroalaEditor(place, { events: { initialized: () => resolve(made) } });
});
begin({ model: () => textIn(editor.html.get()), write: (text) => { editor.html.set(paragraphs(text)); editor.undo.saveStep(); }, undo: () => editor.commands.undo() });
