import jQuery from "./jquery.js";
import "summernote/dist/summernote-lite.js";
import "summernote/dist/summernote-lite.css";
import { begin, paragraphs, place, textIn } from "./kit.js";

const editor = jQuery(place);
editor.summernote({ height: 200 });
begin({ model: () => textIn(editor.summernote("code")), write: (text) => editor.summernote("code", paragraphs(text)), undo: () => editor.summernote("undo") });
