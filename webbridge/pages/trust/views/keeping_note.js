/** The sentence that says whether contacts and decisions are kept after the session, and the reason if not. */

import { html, problem } from "../../../../wasm_build/ui/dom.js";
import { isKeepingTrouble } from "../kept_trust.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {{translate: Catalogue, kept: import("../kept_trust.js").KeptTrust}} KeepingServices */
/** Does something, draws the view again, and says what was done. @typedef {(act: () => Promise<void>, said: string) => Promise<void>} Change */

/** @param {KeepingServices} services @param {Change} change */
export function createKeeping(services, change) {
  const { translate, kept } = services;
  const { keeping } = kept;
  const sentence = translate(`trust_${keeping.replace("-", "_")}`);
  if (!isKeepingTrouble(keeping)) {
    return html("p", { class: "field-hint", text: sentence, data: { test: "keeping", keeping } });
  }
  const paragraph = problem("keeping-problem");
  paragraph.textContent = keeping === "unreadable" ? `${sentence} ${whyUnreadable(services)}` : sentence;
  const anew = html("button", {
    type: "button", text: translate("trust_begin_anew"), data: { test: "begin-anew" },
    on: { click: () => void change(() => kept.beginAnew(), translate("trust_begun_anew")) },
  });
  return html(
    "div", { class: "stack", data: { test: "keeping", keeping } },
    paragraph, keeping === "unreadable" ? html("div", { class: "actions" }, anew) : null,
  );
}

/** @param {KeepingServices} services */
function whyUnreadable({ kept, translate }) {
  const code = kept.problem instanceof Error && "code" in kept.problem ? kept.problem.code : "";
  if (code === "trust-state-older") return translate("trust_is_older");
  if (code === "trust-state-refused" || code === "no-matching-recipient") return translate("trust_is_foreign");
  return translate("trust_is_damaged");
}
