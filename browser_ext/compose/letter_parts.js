/** Small pieces of the window in which a letter is written. */
import { saveFile } from "../runtime/ui/attachments.js";
import { html, uniqueId } from "../runtime/ui/dom.js";
import { isolate } from "../runtime/ui/formats.js";
import { text } from "../shared/i18n.js";

/** @param {import("./letter_window.js").Claim["kind"]} kind */
export function titleOf(kind) {
  return text({ new: "composeTitleNew", reply: "composeTitleReply", replyAll: "composeTitleReply", forward: "composeTitleForward" }[kind]);
}

/** @param {import("../runtime/ui/catalogue.js").Catalogue} translate @param {import("./letter_window.js").Claim["deliver"]} deliver */
export function sendVerb(translate, deliver) {
  return deliver === "file" ? text("composeSaveFile") : deliver === "attachment" ? text("composeHandOver") : translate("send");
}

/** @param {string} value @param {() => void} onInput */
export function createTextArea(value, onInput) {
  // Without autocomplete=off, browsers write what is typed here to their session files within seconds.
  const area = html("textarea", {
    id: uniqueId("text"), class: "letter-text", autocomplete: "off", spellcheck: "false", translate: "no", dir: "auto", rows: 14,
    data: { test: "compose-text" }, on: { input: onInput },
  });
  area.value = value;
  return area;
}

/** A file that is dropped anywhere is attached; by itself the browser would show it in the place of the letter. @param {(files: File[]) => void} onFiles */
export function takeDroppedFiles(onFiles) {
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    onFiles([...(event.dataTransfer?.files ?? [])]);
  });
}

/**
 * A site whose form for mail has no adaptor is given nothing: the person takes the message there.
 * @param {import("./letter_window.js").Claim} claim
 */
export function formNotes({ origin, deliver, text: moved }) {
  if (!origin || deliver !== "file") return [];
  const note = html("p", { text: text("composeForForm", isolate(origin)) });
  return moved ? [note, html("p", { class: "warning", text: text("composeFormText") })] : [note];
}

/** @param {ArrayBuffer} message @param {number} index */
export function saveMessage(message, index) {
  saveFile(index === 0 ? "letter.eml" : `letter-${index + 1}.eml`, message);
}
