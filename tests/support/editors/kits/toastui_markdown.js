import Editor from "@toast-ui/editor";
import "@toast-ui/editor/dist/toastui-editor.css";
import { begin, place } from "./kit.js";

const editor = new Editor({ el: place, initialEditType: "markdown", usageStatistics: false });
begin({ model: () => editor.getMarkdown(), write: (text) => editor.setMarkdown(text), undo: () => editor.exec("undo") });
