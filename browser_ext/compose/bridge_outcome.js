/** The words for a message that the person's bridge has not sent, or perhaps not. */
import { html } from "../../wasm_build/ui/dom.js";
import { isolate } from "../../wasm_build/ui/formats.js";
import { text } from "../shared/i18n.js";

/** @typedef {import("../background/writing/bridge_sending.js").Result} Result */

/** @param {Result} result @returns {string} */
export function outcomeSentence(result) {
  const host = isolate(result.host);
  const sentences = [sentenceOf(result, host), ...(result.isPartial ? [text("bridgePartial")] : [])];
  return sentences.join(" ");
}

/** @param {Result} result @param {string} host */
function sentenceOf(result, host) {
  if (result.outcome === "perhaps") return text("bridgePerhaps", host);
  if (result.outcome !== "refused") return text("bridgeUnanswered", host);
  if (result.refused.length) return text("bridgeRefusedPeople", host);
  return text(result.temporary ? "bridgeRefusedNow" : "bridgeRefused", host, isolate(result.text));
}

/** The refused recipients, each with what their server said and whether trying later may help. @param {Result} result */
export function createRefusedList(result) {
  if (result.outcome !== "refused" || !result.refused.length) return null;
  return html("ul", { data: { test: "refused" } }, ...result.refused.map(({ address, temporary, text: said }) => html("li", {
    data: { test: "refused-one", address, temporary: String(temporary) },
  }, html("strong", { text: address, dir: "ltr" }), " ",
  text(temporary ? "bridgeRefusedTemporarily" : "bridgeRefusedForGood"), " ", html("span", { class: "muted", text: said, dir: "auto" }))));
}
