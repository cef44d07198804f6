import { begin, paragraphs, place } from "./kit.js";

place.contentEditable = "true";
begin({ model: () => place.innerText, write: (text) => { place.innerHTML = paragraphs(text); }, undo: () => document.execCommand("undo") });
