/** Lexical, set up by one of its packages for text. */
import { createEmptyHistoryState, registerHistory } from "@lexical/history";
import { $createParagraphNode, $createTextNode, $getRoot, createEditor, UNDO_COMMAND } from "lexical";
import { begin, place } from "./kit.js";

/** @param {(editor: unknown) => void} register */
export function start(register) {
  place.contentEditable = "true";
  const editor = createEditor({ namespace: "site", onError: (error) => console.error(String(error), error.stack) });
  editor.setRootElement(place);
  register(editor);
  registerHistory(editor, createEmptyHistoryState(), 300);
  const write = (text) => editor.update(() => {
    const root = $getRoot();
    root.clear();
    for (const line of text.split("\n")) root.append($createParagraphNode().append($createTextNode(line)));
  });
  begin({ model: () => editor.getEditorState().read(() => $getRoot().getTextContent()), write, undo: () => editor.dispatchCommand(UNDO_COMMAND) });
}
