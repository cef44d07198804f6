import Editor from "@toast-ui/editor";
import "@toast-ui/editor/dist/toastui-editor.css";
import { begin, paragraphs, place, textIn } from "./kit.js";

const editor = new Editor({ el: place, initialEditType: "wysiwyg", usageStatistics: false });
begin({ model: () => textIn(editor.getHTML()), write: (text) => editor.setHTML(paragraphs(text)), undo: () => editor.exec("undo") });
