import { createElement } from "react";
import { createRoot } from "react-dom/client";
import { Plate, PlateContent, usePlateEditor } from "platejs/react";
import { begin, place } from "./kit.js";

let editor;
function Writer() {
  editor = usePlateEditor({ value: [{ type: "p", children: [{ text: "" }] }] });
  return createElement(Plate, { editor }, createElement(PlateContent, {}));
}
createRoot(place).render(createElement(Writer));
while (!place.querySelector("[contenteditable]")) await new Promise((resolve) => setTimeout(resolve, 50));
begin({
  model: () => editor.children.map((node, index) => editor.api.string([index])).join("\n"),
  write: (text) => editor.tf.setValue(text.split("\n").map((line) => ({ type: "p", children: [{ text: line }] }))),
  undo: () => editor.tf.undo(),
});
