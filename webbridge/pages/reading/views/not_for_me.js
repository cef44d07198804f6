/**
 * The notice in place of a message that is encrypted for other keys. It shows sender, recipients and date, marked as
 * claimed, and offers help.
 */

import { html } from "../../../../wasm_build/ui/dom.js";
import { dateText } from "../../../../wasm_build/ui/answer.js";
import { createHeaders } from "./shown_message.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/services.js").Write} Write */
/** @typedef {{translate: Catalogue, write: Write}} NotForMeServices */

/**
 * @param {NotForMeServices} services
 * @param {import("../../keys/mail_vault.js").OpenedMessage} closed the message as it is without keys
 */
export function createNotForMe(services, closed) {
  const { translate } = services;
  const [sender] = closed.reply.people.senders;
  return [
    createHeaders(translate, closed),
    html("p", { class: "note", text: translate("claimed_lines"), data: { test: "claimed" } }),
    html("p", { class: "field-hint", text: translate("other_key_hint") }),
    html(
      "div", { class: "actions" },
      html("a", { class: "button primary", href: "#/keys", text: translate("add_another_key"), data: { test: "add-key" } }),
      sender ? html("button", {
        type: "button", text: translate("ask_to_send_again"), data: { test: "ask-again" },
        on: { click: () => services.write(requestFor(translate, sender, dateText(closed))) },
      }) : null,
    ),
  ];
}

/**
 * The letter that asks the claimed sender for help. It quotes nothing, and is sent only if the person says so.
 * @param {Catalogue} translate @param {import("../../../../wasm_build/ui/answer.js").AnswerMailbox | undefined} sender
 * @param {string} date
 */
function requestFor(translate, sender, date) {
  return {
    to: [], doubtful: { to: sender ? [sender] : [], cc: [] }, subject: translate("send_again_subject"),
    text: translate("send_again_text", { date }), inReplyTo: null, references: [], hidden: [], answersEncrypted: false,
  };
}
