/** The question before a letter leaves unencrypted. */

import { ask } from "../ui/ask.js";

/** @typedef {import("../ui/catalogue.js").Catalogue} Catalogue */

/** @param {Catalogue} translate @param {{answersEncrypted: boolean}} letter @param {() => void} onGo */
export function askUnencrypted(translate, { answersEncrypted }, onGo) {
  ask({
    title: translate("send_unencrypted_question"),
    meaning: translate(answersEncrypted ? "answers_encrypted" : "send_unencrypted_meaning"),
    keep: translate("keep_encrypted"), go: translate("switch_encrypt_off"), test: "unencrypted-confirm", isDanger: true, onGo,
  });
}
