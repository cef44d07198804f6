import { Editor } from "@tiptap/core";
import StarterKit from "@tiptap/starter-kit";
import { begin, paragraphs, place } from "./kit.js";

const editor = new Editor({ element: place, extensions: [StarterKit], content: "<p></p>" });
begin({ model: () => editor.getText({ blockSeparator: "\n" }), write: (text) => editor.commands.setContent(paragraphs(text)), undo: () => editor.commands.undo() });
