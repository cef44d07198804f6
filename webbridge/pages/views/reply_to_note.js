/** The question where a reply goes, above a letter that answers a message with another address for replies. */

import { html } from "../../../wasm_build/ui/dom.js";
import { readMailbox, sameAddress } from "../../../wasm_build/ui/formats.js";
import { replyToQuestion } from "../../../wasm_build/ui/reply_to_note.js";

/**
 * @param {import("../app.js").App} app
 * @param {import("./writing_view.js").Proposal} proposal
 * @param {import("../../../wasm_build/ui/recipients_field.js").RecipientsField} line To
 * @returns {HTMLElement | null} null if there is no question
 */
export function createReplyToNote({ translate }, { to, replyTo = [] }, line) {
  if (replyTo.length === 0 || to.length === 0) return null;
  const senders = to.map((person) => readMailbox(person).address);
  const end = () => {
    note.remove();
    line.focus();
  };
  const take = () => {
    for (const person of [...line.people]) if (senders.some((one) => sameAddress(one, person.address))) line.remove(person);
    for (const address of replyTo) line.add(address);
    end();
  };
  const note = html("div", { class: "card stack", data: { test: "reply-to" } },
    ...replyToQuestion(translate, { to: senders, replyTo }, { onKeep: end, onTake: take }));
  return note;
}
