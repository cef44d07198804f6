/** The questions of the writing view before something is sent twice or lost. */

import { ask } from "../../../../wasm_build/ui/ask.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */

/** @param {Catalogue} translate @param {() => void} onGo */
export function askToSendAgain(translate, onGo) {
  ask({
    title: translate("send_again_question"), meaning: translate("error_sending_unknown"), keep: translate("keep_writing"),
    go: translate("send_again"), test: "send-again-confirm", onGo,
  });
}

/** @param {Catalogue} translate @param {() => void} onGo */
export function askToSendAnew(translate, onGo) {
  ask({
    title: translate("send_anew_question"), meaning: translate("error_sending_earlier"), keep: translate("keep_writing"),
    go: translate("send_this_version"), test: "send-anew-confirm", onGo,
  });
}

/** @param {Catalogue} translate @param {() => void} onGo */
export function askToSendElsewhere(translate, onGo) {
  ask({
    title: translate("draft_elsewhere_question"), meaning: translate("draft_elsewhere_meaning"), keep: translate("keep_writing"),
    go: translate("send_this_version"), test: "send-elsewhere-confirm", onGo,
  });
}

/** @param {Catalogue} translate @param {() => void} onGo */
export function askToDiscard(translate, onGo) {
  ask({
    title: translate("discard_question"), meaning: translate("discard_question_meaning"), keep: translate("keep_writing"),
    go: translate("discard"), test: "discard-confirm", onGo,
  });
}
