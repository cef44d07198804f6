import { Autoformat, BlockQuote, Bold, Essentials, Heading, InlineEditor, List, Paragraph, TextTransformation } from "ckeditor5";
import "ckeditor5/ckeditor5.css";
import { begin, paragraphs, place, textIn } from "./kit.js";

const plugins = [Essentials, Paragraph, Bold, Heading, List, BlockQuote, Autoformat, TextTransformation];
const editor = await InlineEditor.create(place, { licenseKey: "GPL", plugins, toolbar: ["undo", "bold", "heading"] });
begin({ model: () => textIn(editor.getData()), write: (text) => editor.setData(paragraphs(text)), undo: () => editor.execute("undo") });
