import { createElement } from "react";
import { createRoot } from "react-dom/client";
import { createEditor, Editor, Transforms } from "slate";
import { withHistory } from "slate-history";
import { Editable, Slate, withReact } from "slate-react";
import { begin, place } from "./kit.js";

const editor = withHistory(withReact(createEditor()));
const initialValue = [{ type: "paragraph", children: [{ text: "" }] }];
function Writer() {
  return createElement(Slate, { editor, initialValue }, createElement(Editable, {}));
}
createRoot(place).render(createElement(Writer));
while (!place.querySelector("[contenteditable]")) await new Promise((resolve) => setTimeout(resolve, 50));
begin({
  model: () => editor.children.map((node, index) => Editor.string(editor, [index])).join("\n"),
  write: (text) => Editor.withoutNormalizing(editor, () => {
    while (editor.children.length) Transforms.removeNodes(editor, { at: [0] });
    Transforms.insertNodes(editor, text.split("\n").map((line) => ({ type: "paragraph", children: [{ text: line }] })), { at: [0] });
  }),
  undo: () => editor.undo(),
});
