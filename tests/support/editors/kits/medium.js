import MediumEditor from "medium-editor";
import "medium-editor/dist/css/medium-editor.css";
import { begin, paragraphs, place, textIn } from "./kit.js";

const editor = new MediumEditor(place);
begin({ model: () => textIn(editor.getContent()), write: (text) => editor.setContent(paragraphs(text)), undo: () => document.execCommand("undo") });
