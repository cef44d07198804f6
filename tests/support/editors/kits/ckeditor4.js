import { begin, paragraphs, place, textIn } from "./kit.js";

globalThis.CKEDITOR_BASEPATH = "/node_modules/ckeditor4/";
await new Promise((resolve) => {
  const script = document.createElement("script");
  script.src = "/node_modules/ckeditor4/ckeditor.js";
  script.onload = resolve;
  document.head.append(script);
});
const editor = await new Promise((resolve) => {
  const made = globalThis.CKEDITOR.replace(place, { versionCheck: false });
  made.on("instanceReady", () => resolve(made));
});
begin({ model: () => textIn(editor.getData()), write: (text) => editor.setData(paragraphs(text)), undo: () => editor.execCommand("undo") });
