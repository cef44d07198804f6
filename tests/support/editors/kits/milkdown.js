import { Crepe } from "@milkdown/crepe";
import "@milkdown/crepe/theme/common/style.css";
import { replaceAll } from "@milkdown/kit/utils";
import { undo } from "@milkdown/kit/prose/history";
import { editorViewCtx } from "@milkdown/kit/core";
import { begin, place } from "./kit.js";

const crepe = new Crepe({ root: place, defaultValue: "" });
await crepe.create();
const view = crepe.editor.ctx.get(editorViewCtx);
begin({
  model: () => crepe.getMarkdown().replace(/\\(?=[^\n])/gu, ""),
  write: (text) => crepe.editor.action(replaceAll(text.split("\n").join("\n\n"))),
  undo: () => undo(view.state, view.dispatch),
});
