/** The sentences about a message that the person's bridge has not sent, or perhaps not sent. */
import { html } from "../../wasm_build/ui/dom.js";
import { isolate } from "../../wasm_build/ui/formats.js";
import { translate } from "../texts/texts.js";

/** @typedef {import("../background/writing/bridge_sending.js").Result} Result */

/** @param {Result} result @returns {string} */
export function outcomeSentence(result) {
  const host = isolate(result.host);
  return [sentenceOf(result, host), ...(result.isPartial ? [translate("bridge_partial")] : [])].join(" ");
}

/** @param {Result} result @param {string} host */
function sentenceOf(result, host) {
  if (result.outcome === "perhaps") return translate("bridge_perhaps", { host });
  if (result.outcome !== "refused") return translate("bridge_unanswered", { host });
  if (result.refused.length) return translate("bridge_refused_people", { host });
  return translate(result.temporary ? "bridge_refused_now" : "bridge_refused", { host, words: isolate(result.text) });
}

/** The refused recipients, each with the answer of their server and whether trying later may help. @param {Result} result */
export function createRefusedList(result) {
  if (result.outcome !== "refused" || !result.refused.length) return null;
  return html("ul", { data: { test: "refused" } }, ...result.refused.map(({ address, temporary, text: reply }) => html("li", {
    data: { test: "refused-one", address, temporary: String(temporary) },
  }, html("strong", { text: address, dir: "ltr" }), " ",
  translate(temporary ? "bridge_refused_temporarily" : "bridge_refused_for_good"), " ", html("span", { class: "muted", text: reply, dir: "auto" }))));
}
