/** The question "Trust the authority that issued your own certificate?" on the page where a key file was imported. */
import { disturb } from "../../wasm_build/ui/calm.js";
import { html, uniqueId } from "../../wasm_build/ui/dom.js";
import { createFacts } from "../../wasm_build/ui/facts.js";
import { isolate } from "../../wasm_build/ui/formats.js";
import { day, errorText, locale, translate } from "../texts/texts.js";
import { digestOf } from "./question.js";
import { ask } from "./request.js";

/** The authority that the question is about, or null if nothing is to be asked. */
export function findOwnAuthority() {
  // The request fails if the keys lock. The question comes back when the page is drawn again.
  return ask("authority.proposal").catch(() => null);
}

/**
 * Draws the question.
 * @param {import("../background/people/trust.js").OwnAuthority} proposed
 * @param {{onAnswer: (trusted: string | null) => Promise<unknown>}} options `onAnswer` gets a
 *   sentence about the trusted authority, or null
 */
export function createOwnAuthority(proposed, { onAnswer }) {
  const { fingerprint, subject, addresses, notBefore, notAfter, question } = proposed;
  const shown = digestOf(question);
  // The page ignores a click right after a change, since it was meant for the earlier content.
  disturb();
  const titleId = uniqueId("authority");
  const reach = new Intl.ListFormat(locale(), { type: "conjunction" }).format(addresses);
  const failure = html("p", { class: "problem", role: "alert", data: { test: "authority-problem" } });
  const buttons = [
    html("button", { type: "button", class: "primary", text: translate("authority_trust"), data: { agrees: "", test: "authority-trust" },
      on: { click: () => void answer(async () => {
        await ask("authority.accept", { fingerprint, addresses, shown: await shown });
        return translate("authority_trusted", { name: isolate(subject), addresses: isolate(reach) });
      }) } }),
    html("button", { type: "button", text: translate("not_now"), data: { test: "authority-not" },
      on: { click: () => void answer(async () => {
        await ask("authority.drop");
        return null;
      }) } }),
  ];
  return html("section", { class: "own-authority", "aria-labelledby": titleId, data: { test: "own-authority" } },
    html("h3", { id: titleId, tabindex: -1, text: translate("authority_title") }),
    html("p", { text: translate("authority_meaning", { addresses: isolate(reach) }) }),
    createFacts([[translate("authority_name"), subject], [translate("authority_valid"), `${day(notBefore)} – ${day(notAfter)}`]], [translate("fingerprint"), fingerprint]),
    html("p", { class: "muted", text: translate("authority_compare") }), failure, html("div", { class: "actions" }, ...buttons));

  /** @param {() => Promise<string | null>} act */
  async function answer(act) {
    if (buttons.some((button) => button.getAttribute("aria-disabled") === "true")) return;
    failure.textContent = "";
    buttons.forEach((button) => button.setAttribute("aria-disabled", "true"));
    try {
      await onAnswer(await act());
    } catch (error) {
      failure.textContent = errorText(error);
    }
    buttons.forEach((button) => button.removeAttribute("aria-disabled"));
  }
}
