import { ContentState, Editor, EditorState } from "draft-js";
import "draft-js/dist/Draft.css";
import { createElement, useState } from "react";
import { createRoot } from "react-dom/client";
import { begin, place } from "./kit.js";

let state, setState;
function Writer() {
  [state, setState] = useState(() => EditorState.createEmpty());
  return createElement(Editor, { editorState: state, onChange: setState });
}
createRoot(place).render(createElement(Writer));
while (!place.querySelector("[contenteditable]")) await new Promise((resolve) => setTimeout(resolve, 50));
begin({
  model: () => state.getCurrentContent().getPlainText("\n"),
  write: (text) => setState(EditorState.push(state, ContentState.createFromText(text), "insert-characters")),
  undo: () => setState(EditorState.undo(state)),
});
