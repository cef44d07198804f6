import EditorJS from "@editorjs/editorjs";
import { begin, place, textIn } from "./kit.js";

const editor = new EditorJS({ holder: place, minHeight: 100, onChange: keep });
let saved = "";
async function keep() {
  const { blocks } = await editor.save();
  saved = blocks.map(({ data }) => textIn(data.text ?? "")).join("\n");
}
await editor.isReady;
const write = async (text) => {
  await editor.render({ blocks: text.split("\n").map((line) => ({ type: "paragraph", data: { text: line } })) });
  await keep();
};
setInterval(keep, 100);
begin({ model: () => saved, write, undo: () => document.execCommand("undo") });
