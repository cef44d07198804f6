import suneditor from "suneditor";
import plugins from "suneditor/plugins";
import "suneditor/css/editor";
import { add, begin, paragraphs, textIn } from "./kit.js";

const editor = await new Promise((resolve) => {
  const onload = () => setTimeout(() => resolve(made));
  const made = suneditor.create(add("textarea"), { height: "200px", buttonList: [["undo", "bold"]], plugins, events: { onload } });
});
begin({ model: () => textIn(editor.$.html.get()), write: (text) => editor.$.html.set(paragraphs(text)), undo: () => editor.$.history.undo() });
