import * as monaco from "monaco-editor";
import { begin, place } from "./kit.js";

globalThis.MonacoEnvironment = { getWorker: () => new Worker(URL.createObjectURL(new Blob([""]))) };
place.style.height = "240px";
const editor = monaco.editor.create(place, { value: "", language: "markdown", minimap: { enabled: false } });
begin({ model: () => editor.getValue(), write: (text) => editor.executeEdits("site", [{ range: editor.getModel().getFullModelRange(), text }]), undo: () => editor.trigger("site", "undo") });
