import { exampleSetup } from "prosemirror-example-setup";
import { undo } from "prosemirror-history";
import { schema } from "prosemirror-schema-basic";
import { EditorState } from "prosemirror-state";
import { EditorView } from "prosemirror-view";
import "prosemirror-view/style/prosemirror.css";
import { begin, place } from "./kit.js";

const view = new EditorView(place, { state: EditorState.create({ schema, plugins: exampleSetup({ schema, menuBar: false }) }) });
const model = () => view.state.doc.textBetween(0, view.state.doc.content.size, "\n", "\n");
const write = (text) => view.dispatch(view.state.tr.replaceWith(0, view.state.doc.content.size,
  text.split("\n").map((line) => schema.node("paragraph", null, line ? [schema.text(line)] : []))));
begin({ model, write, undo: () => undo(view.state, view.dispatch) });
