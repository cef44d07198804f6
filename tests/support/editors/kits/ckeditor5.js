import { Bold, ClassicEditor, Essentials, Paragraph, Undo } from "ckeditor5";
import "ckeditor5/ckeditor5.css";
import { begin, paragraphs, place, textIn } from "./kit.js";

const editor = await ClassicEditor.create(place, { licenseKey: "GPL", plugins: [Essentials, Paragraph, Bold, Undo], toolbar: ["undo", "bold"] });
begin({ model: () => textIn(editor.getData()), write: (text) => editor.setData(paragraphs(text)), undo: () => editor.execute("undo") });
