/** The question where a reply goes. It is asked if the message wants replies at another address than the sender's. */

import { html } from "./dom.js";
import { isolate } from "./formats.js";

/** @typedef {import("./formats.js").Mailbox} Mailbox */

/**
 * @param {import("./catalogue.js").Catalogue} translate
 * @param {{senders: Mailbox[], replyTo: Mailbox[]}} people `replyTo` are the people that the message asks for
 * @param {{onKeep: () => void, onTake: () => void}} options
 * @returns {HTMLElement[]} the sentence and the buttons
 */
export function replyToQuestion(translate, { senders, replyTo }, { onKeep, onTake }) {
  const addresses = (/** @type {Mailbox[]} */ people) => people.map(({ address }) => address).join(", ");
  const [sender, addressee] = [addresses(senders), addresses(replyTo)];
  const keep = html("button", {
    type: "button", text: translate("reply_to_keep", { who: sender }), data: { test: "reply-to-keep" }, on: { click: onKeep },
  });
  const take = html("button", {
    type: "button", text: translate("reply_to_take", { who: addressee }), data: { test: "reply-to-take" }, on: { click: onTake },
  });
  const words = translate("reply_to_elsewhere", { wanted: isolate(addressee), sender: isolate(sender) });
  return [html("p", { class: "warning", text: words }), html("div", { class: "actions" }, keep, take)];
}
