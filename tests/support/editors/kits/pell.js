import { init } from "pell";
import { begin, paragraphs, place, textIn } from "./kit.js";

let saved = "";
const editor = init({ element: place, onChange: (markup) => { saved = markup; } });
begin({ model: () => textIn(saved), write: (text) => { editor.content.innerHTML = saved = paragraphs(text); }, undo: () => document.execCommand("undo") });
