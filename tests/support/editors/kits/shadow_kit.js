/** A plain field in a shadow root. */
import { add, begin } from "./kit.js";

/** @param {ShadowRootMode} mode */
export function start(mode) {
  const root = add("section").attachShadow({ mode });
  const editor = document.createElement("div");
  editor.contentEditable = "true";
  editor.style.minHeight = "150px";
  root.append(editor);
  begin({ model: () => editor.innerText, write: (text) => { editor.innerText = text; }, undo: () => document.execCommand("undo") });
}
