/** Small parts of the window in which the person writes a letter. */
import { saveFile } from "../../wasm_build/ui/attachments.js";
import { html } from "../../wasm_build/ui/dom.js";
import { isolate } from "../../wasm_build/ui/formats.js";
import { locale, translate } from "../texts/texts.js";

const TITLES = {
  new: "write_message", reply: "reply", replyAll: "reply", forward: "forward", receipt: "receipt_title",
};

/** @param {import("./letter_window.js").Claim["kind"]} kind */
export function titleOf(kind) {
  return translate(TITLES[kind]);
}

/** A list of addresses, as a part of a sentence. @param {string[]} addresses */
export function addressList(addresses) {
  return new Intl.ListFormat(locale(), { type: "conjunction" }).format(addresses.map(isolate));
}

/**
 * @param {import("../../wasm_build/ui/catalogue.js").Catalogue} translate @param {import("./bridge_choice.js").Delivery} deliver
 * @param {string} [host] the host of the bridge
 */
export function sendVerb(translate, deliver, host = "") {
  if (deliver === "bridge") return translate("bridge_send", { host: isolate(host) });
  return deliver === "file" ? translate("save_as_file") : deliver === "attachment" ? translate("compose_hand_over") : translate("send");
}

/**
 * The notes for a webmail without an adaptor in `content/adaptors/`, of which the extension knows only the form for
 * mail. The extension gives nothing to this site. The person saves the message as a file and attaches it there.
 * @param {import("./letter_window.js").Claim} claim
 */
export function formNotes({ origin, deliver, text: moved }) {
  if (!origin || deliver !== "file") return [];
  const note = html("p", { text: translate("compose_for_form", { site: isolate(origin) }) });
  return moved ? [note, html("p", { class: "warning", text: translate("compose_form_text") })] : [note];
}

/**
 * The notes on parts of a draft that only the bridge's pages can send. The draft was begun in these pages.
 * @param {import("../../wasm_build/writing/draft_content.js").DraftFields} fields
 */
export function pagesNotes({ html: formatted, sharedFrom }) {
  return [
    formatted ? html("p", { text: translate("compose_formatted"), data: { test: "formatted-note" } }) : null,
    sharedFrom ? html("p", { class: "warning", text: translate("compose_shared_from", { address: isolate(sharedFrom) }), data: { test: "shared-from-note" } }) : null,
  ].filter((note) => note !== null);
}

/**
 * A note on the form in which recipients get the message. It depends on how the message is sent.
 * @param {import("./bridge_choice.js").Delivery} deliver
 */
export function arrivalNote(deliver) {
  const key = { raw: "compose_arrives_whole", bridge: "compose_arrives_whole", attachment: "compose_arrives_attached", file: "compose_arrives_as_file" }[deliver];
  return html("p", { class: "field-hint", text: translate(key), data: { test: "arrives" } });
}

/** @param {ArrayBuffer} message @param {number} index */
export function saveMessage(message, index) {
  saveFile(index === 0 ? "smime.p7m.eml" : `smime.p7m-${index + 1}.eml`, message);
}

/** Watches whether the person has typed or pressed something in an element. @param {HTMLElement} element @returns {() => boolean} */
export function watchTouch(element) {
  let isTouched = false;
  for (const type of ["keydown", "pointerdown"]) element.addEventListener(type, () => { isTouched = true; }, { once: true });
  return () => isTouched;
}
