/** "Trust the authority that issued your own certificate?", asked in the page that brought a key file in. */
import { disturb } from "../runtime/ui/calm.js";
import { groupFingerprint } from "../runtime/ui/changed_certificate.js";
import { html, uniqueId } from "../runtime/ui/dom.js";
import { isolate } from "../runtime/ui/formats.js";
import { day, errorText, locale, text } from "./i18n.js";
import { digestOf } from "./question.js";
import { ask } from "./request.js";

/** What the question is about, or null where there is none. */
export function findOwnAuthority() {
  // A lock ends what is under way: the question comes back when the page is drawn again.
  return ask("authority.proposal").catch(() => null);
}

/**
 * The question, drawn.
 * @param {{fingerprint: string, subject: string, addresses: string[], notBefore: string, notAfter: string, question: string}} proposed
 * @param {{onAnswer: (trusted: string | null) => Promise<unknown>}} options told what is trusted now, as a sentence
 */
export function createOwnAuthority({ fingerprint, subject, addresses, notBefore, notAfter, question }, { onAnswer }) {
  const shown = digestOf(question);
  // Nobody agrees by a click that was meant for what stood here before.
  disturb();
  const titleId = uniqueId("authority");
  const reach = new Intl.ListFormat(locale(), { type: "conjunction" }).format(addresses);
  const failure = html("p", { class: "problem", role: "alert", data: { test: "authority-problem" } });
  const buttons = [
    html("button", { type: "button", class: "primary", text: text("authorityTrust"), data: { agrees: "", test: "authority-trust" },
      on: { click: () => void answer(async () => {
        await ask("authority.accept", { fingerprint, addresses, shown: await shown });
        return text("authorityTrusted", isolate(subject), isolate(reach));
      }) } }),
    html("button", { type: "button", text: text("authorityNot"), data: { test: "authority-not" },
      on: { click: () => void answer(async () => {
        await ask("authority.drop");
        return null;
      }) } }),
  ];
  return html("section", { class: "own-authority", "aria-labelledby": titleId, data: { test: "own-authority" } },
    html("h3", { id: titleId, tabindex: -1, text: text("authorityTitle") }),
    html("p", { text: text("authorityMeaning", isolate(reach)) }),
    html("dl", { class: "facts" },
      html("dt", { text: text("authorityName") }), html("dd", { dir: "auto", text: subject }),
      html("dt", { text: text("authorityValid") }), html("dd", { text: `${day(notBefore)} – ${day(notAfter)}` }),
      html("dt", { text: text("fingerprint") }), html("dd", { class: "fingerprint", dir: "ltr", text: groupFingerprint(fingerprint) })),
    html("p", { class: "muted", text: text("authorityCompare") }), failure, html("div", { class: "actions" }, ...buttons));

  /** @param {() => Promise<string | null>} act */
  async function answer(act) {
    if (buttons.some((one) => one.getAttribute("aria-disabled") === "true")) return;
    failure.textContent = "";
    buttons.forEach((one) => one.setAttribute("aria-disabled", "true"));
    try {
      await onAnswer(await act());
    } catch (error) {
      failure.textContent = errorText(error);
    }
    buttons.forEach((one) => one.removeAttribute("aria-disabled"));
  }
}
