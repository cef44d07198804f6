import jQuery from "./jquery.js";
import "trumbowyg";
import "trumbowyg/dist/ui/trumbowyg.css";
import { begin, paragraphs, place, textIn } from "./kit.js";

const editor = jQuery(place);
editor.trumbowyg({ svgPath: false, hideButtonTexts: true });
begin({ model: () => textIn(editor.trumbowyg("html")), write: (text) => editor.trumbowyg("html", paragraphs(text)), undo: () => document.execCommand("undo") });
