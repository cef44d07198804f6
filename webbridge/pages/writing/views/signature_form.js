/** The form for the text that the person wants below each message. */

import { createForm, html, uniqueId } from "../../../../wasm_build/ui/dom.js";
import { cleanSignature, MAX_CHARACTERS } from "../letter_signature.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/services.js").Announce} Announce */
/** @typedef {import("../../keys/keys.js").KeyRing} KeyRing */
/** @typedef {import("../../trust/kept_trust.js").KeptTrust} KeptTrust */
/** @typedef {import("../../trust/trust_keeper.js").TrustKeeper} TrustKeeper */
/** @typedef {{translate: Catalogue, trust: TrustKeeper, keys: KeyRing, kept: KeptTrust, announce: Announce}} SignatureServices */

/** @param {SignatureServices} services @returns {{element: HTMLElement, close: () => void}} */
export function createSignatureForm(services) {
  const { translate, trust, keys } = services;
  const id = uniqueId("signature");
  const body = html("div", { class: "stack" });
  const element = html(
    "section",
    { class: "stack", "aria-labelledby": `${id}-title`, data: { test: "letter-signature-section" } },
    html("h2", { id: `${id}-title`, text: translate("letter_signature_title") }), body,
  );
  const area = createArea(id);
  let shown = "";
  const fill = () => {
    // A text that the person is typing is not replaced.
    if (area.value !== shown) return;
    area.value = trust.book.signature;
    shown = area.value;
  };
  const submit = () => {
    shown = area.value = cleanSignature(area.value);
    trust.book.keepSignature(shown);
    services.announce(translate(shown ? "letter_signature_saved" : "letter_signature_off"));
  };
  const form = createTextForm(services, id, area, submit);
  const locked = html("p", { class: "note", text: translate("letter_signature_locked"), data: { test: "letter-signature-locked" } });
  // The text is encrypted for the person's keys, and may come from another device.
  const draw = () => {
    fill();
    body.replaceChildren(keys.unlocked ? form : locked);
  };
  draw();
  void trust.known.then(fill);
  const closing = new AbortController();
  const { signal } = closing;
  trust.addEventListener("learned", fill, { signal });
  keys.addEventListener("change", draw, { signal });
  return { element, close: () => closing.abort() };
}

/** @param {string} id @returns {HTMLTextAreaElement} */
function createArea(id) {
  // With `autocomplete=off` browsers do not write the text to their session files.
  return html("textarea", {
    id, rows: 4, maxlength: MAX_CHARACTERS, autocomplete: "off", spellcheck: "false", translate: "no", dir: "auto",
    "aria-labelledby": `${id}-title`, "aria-describedby": `${id}-hint`, data: { test: "letter-signature" },
  });
}

/**
 * @param {SignatureServices} services
 * @param {string} id
 * @param {HTMLTextAreaElement} area
 * @param {() => void} submit
 */
function createTextForm({ translate, kept }, id, area, submit) {
  const place = translate(kept.keeping === "off" ? "letter_signature_in_page" : "letter_signature_in_browser");
  return createForm(
    { class: "stack" }, submit,
    html(
      "div", { class: "field" }, area,
      html("p", { class: "field-hint", id: `${id}-hint`, text: `${translate("letter_signature_hint")} ${place}` }),
    ),
    html("div", { class: "actions" }, html("button", {
      class: "primary", type: "submit", text: translate("save"), data: { test: "letter-signature-save" },
    })),
  );
}
