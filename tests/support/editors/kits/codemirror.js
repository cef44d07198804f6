import { markdown } from "@codemirror/lang-markdown";
import { undo } from "@codemirror/commands";
import { basicSetup, EditorView } from "codemirror";
import { begin, place } from "./kit.js";

const view = new EditorView({ parent: place, extensions: [basicSetup, markdown()] });
const write = (text) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
begin({ model: () => view.state.doc.toString(), write, undo: () => undo(view) });
