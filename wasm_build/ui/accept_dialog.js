/**
 * Accepting one certificate, or one authority, that nobody vouches for: never by one click. It shows the fingerprint,
 * asks for whom it shall count, and says what that means.
 */

import { disturb } from "./calm.js";
import { groupFingerprint } from "./changed_certificate.js";
import { html, uniqueId } from "./dom.js";

/** @typedef {import("./catalogue.js").Catalogue} Catalogue */
/**
 * @typedef {{
 *   fingerprint: string, name: string, addresses: string[], subject: string, issuer: string, notBefore: string,
 *   notAfter: string, isCa: boolean,
 * }} Acceptable
 */

/**
 * @param {Catalogue} translate
 * @param {Acceptable} certificate
 * @param {{
 *   day: (iso: string) => string, onAccept: (kind: "exact" | "authority", addresses: string[]) => Promise<void>,
 *   sentenceFor: (error: unknown) => string, onClose?: () => void,
 * }} options `onAccept` rejects with what speaks against it
 */
export function openAcceptDialog(translate, certificate, { day, onAccept, sentenceFor, onClose }) {
  const kind = certificate.isCa ? "authority" : "exact";
  const name = certificate.name || certificate.subject;
  const titleId = uniqueId("accept");
  const addresses = createAddresses(translate, kind, certificate);
  const compared = html("input", { type: "checkbox", data: { test: "accept-compared" } });
  const problem = html("p", { class: "problem", role: "alert", data: { test: "accept-problem" } });
  const go = html("button", { class: "primary", type: "submit", text: translate("accept_go"), data: { agrees: "", test: "accept-go" } });
  const form = html(
    "form",
    { novalidate: true },
    html("h2", { id: titleId, dir: "auto", text: translate(`accept_${kind}_title`, { name }) }),
    html("p", { text: translate(`accept_${kind}_meaning`) }),
    createFacts(translate, certificate, day),
    addresses.element,
    html("label", { class: "check" }, compared, html("span", { text: translate("accept_compared") })),
    problem,
    html(
      "div",
      { class: "actions" },
      go,
      html("button", { type: "button", text: translate("accept_not"), on: { click: () => dialog.close() } }),
    ),
  );
  const dialog = html("dialog", {
    class: "dialog wide", "aria-labelledby": titleId, data: { test: "accept-dialog" }, on: { close: () => { dialog.remove(); onClose?.(); } },
  }, form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void submit();
  });

  async function submit() {
    if (go.getAttribute("aria-disabled") === "true") return;
    problem.textContent = "";
    if (!compared.checked) {
      problem.textContent = translate("accept_compare_first");
      return compared.focus();
    }
    go.setAttribute("aria-disabled", "true");
    go.textContent = translate("accept_working");
    try {
      await onAccept(kind, addresses.read());
      dialog.close();
    } catch (error) {
      problem.textContent = sentenceFor(error);
      addresses.input.focus();
    }
    go.removeAttribute("aria-disabled");
    go.textContent = translate("accept_go");
  }

  document.body.append(dialog);
  dialog.showModal();
  disturb();
}

/**
 * @param {Catalogue} translate
 * @param {"exact" | "authority"} kind
 * @param {Acceptable} certificate
 */
function createAddresses(translate, kind, { addresses }) {
  const id = uniqueId("accept-addresses");
  // A certificate of a person names its addresses; how far an authority shall reach only the person can say.
  const input = html("input", {
    id, type: "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false", dir: "ltr",
    "aria-describedby": `${id}-hint`, value: kind === "exact" ? addresses.join(", ") : "", data: { test: "accept-addresses" },
  });
  const element = html(
    "div",
    { class: "field" },
    html("label", { for: id, text: translate("accept_addresses") }),
    input,
    html("p", { class: "field-hint", id: `${id}-hint`, text: translate(`accept_addresses_${kind}_hint`) }),
  );
  const read = () => input.value.split(/[\s,;]+/u).filter(Boolean);
  return { element, input, read };
}

/**
 * @param {Catalogue} translate
 * @param {Acceptable} certificate
 * @param {(iso: string) => string} day
 */
function createFacts(translate, { subject, issuer, notBefore, notAfter, fingerprint }, day) {
  const facts = [
    [translate("accept_subject"), subject, ""],
    [translate("accept_issuer"), issuer, ""],
    [translate("accept_valid"), `${day(notBefore)} – ${day(notAfter)}`, ""],
    [translate("accept_fingerprint"), groupFingerprint(fingerprint), "fingerprint"],
  ];
  return html("dl", { class: "facts" }, ...facts.flatMap(([term, value, name]) => [
    html("dt", { text: term }), html("dd", { class: name, dir: name ? "ltr" : "auto", text: value }),
  ]));
}
