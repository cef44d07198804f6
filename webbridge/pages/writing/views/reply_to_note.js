/** The question where a reply goes, above a letter that answers a message with another address for replies. */

import { html } from "../../../../wasm_build/ui/dom.js";
import { sameAddress } from "../../../../wasm_build/ui/formats.js";
import { replyToQuestion } from "../../../../wasm_build/ui/reply_to_note.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */

/**
 * @param {{translate: Catalogue}} services
 * @param {import("./writing_view.js").Proposal} proposal
 * @param {import("../../../../wasm_build/ui/recipients_field.js").RecipientsField} line To
 * @returns {HTMLElement | null} null if there is no question
 */
export function createReplyToNote({ translate }, { senders = [], replyTo = [] }, line) {
  if (replyTo.length === 0 || senders.length === 0) return null;
  const isSender = (/** @type {string} */ address) => senders.some((one) => sameAddress(one.address, address));
  const end = () => {
    note.remove();
    line.focus();
  };
  const keep = () => {
    // A sender who is not proved is in the line only now.
    for (const sender of senders) line.add(sender);
    end();
  };
  const take = () => {
    for (const person of [...line.people]) if (isSender(person.address)) line.remove(person);
    for (const mailbox of replyTo) line.add(mailbox);
    end();
  };
  const note = html("div", { class: "card stack", data: { test: "reply-to" } },
    ...replyToQuestion(translate, { senders, replyTo }, { onKeep: keep, onTake: take }));
  return note;
}
