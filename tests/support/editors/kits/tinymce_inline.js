import tinymce from "tinymce";
import "tinymce/models/dom";
import "tinymce/themes/silver";
import "tinymce/icons/default";
import "tinymce/skins/ui/oxide/skin.js";
import "tinymce/skins/ui/oxide/content.inline.js";
import { begin, paragraphs, place } from "./kit.js";

const [editor] = await tinymce.init({ target: place, inline: true, license_key: "gpl", menubar: false, promotion: false });
begin({ model: () => editor.getContent({ format: "text" }), write: (text) => editor.setContent(paragraphs(text)), undo: () => editor.undoManager.undo() });
