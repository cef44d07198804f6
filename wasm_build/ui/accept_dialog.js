/**
 * The dialog in which a person accepts a certificate, of a person or an authority, that no trusted authority vouches for. The
 * dialog shows the fingerprint, asks for which addresses the certificate shall be accepted, and explains the consequence. The
 * person must first confirm that they have compared the fingerprint.
 */

import { disturb } from "./calm.js";
import { createForm, html, openDialog, problem, uniqueId, whileBusy } from "./dom.js";
import { createFacts } from "./facts.js";
import { isolate, sameAddress } from "./formats.js";
import { cleanAddress, cleanName, looksLikeAddress, readableName } from "./shown_names.js";

/** The greatest number of a certificate's addresses that are listed. */
const MAX_LISTED = 10;

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
 *   sentenceFor: (error: unknown) => string, onClose?: () => void, author?: string,
 * }} options `author` is the address that the message claims. `onAccept` rejects with the reason if the certificate cannot be accepted
 */
export function openAcceptDialog(translate, certificate, { day, onAccept, sentenceFor, onClose, author = "" }) {
  const kind = certificate.isCa ? "authority" : "exact";
  const titleId = uniqueId("accept");
  const addresses = createAddresses(translate, kind, certificate, author);
  const compared = html("input", { type: "checkbox", data: { test: "accept-compared" } });
  const failure = problem("accept-problem");
  const go = html("button", { class: "primary", type: "submit", text: translate("accept_go"), data: { agrees: "", test: "accept-go" } });
  const cancel = html("button", { type: "button", text: translate("accept_not"), on: { click: () => dialog.close() } });

  const submit = () => whileBusy(go, translate("accept_working"), async () => {
    failure.textContent = compared.checked ? "" : translate("accept_compare_first");
    if (!compared.checked) return compared.focus();
    await onAccept(kind, addresses.read());
    dialog.close();
  }, (error) => {
    failure.textContent = sentenceFor(error);
    addresses.input.focus();
  });

  const dialog = openDialog({ titleId, test: "accept-dialog", onClose }, createForm(
    {}, submit,
    html("h2", { id: titleId, text: translate(`accept_${kind}_title`, { name: isolate(titleOf(certificate)) }) }),
    html("p", { text: translate(`accept_${kind}_meaning`) }),
    describe(translate, kind, certificate, day),
    addresses.element,
    html("label", { class: "check" }, compared, html("span", { text: translate("accept_compared") })),
    failure,
    html("div", { class: "actions" }, go, cancel),
  ));
  disturb();
}

/**
 * @param {Catalogue} translate
 * @param {"exact" | "authority"} kind
 * @param {Acceptable} certificate
 * @param {string} author
 */
function createAddresses(translate, kind, { addresses }, author) {
  const id = uniqueId("accept-addresses");
  // The field begins with only the message's address, even if the certificate has several addresses. Its maker could have hidden
  // another person's address among them. For an authority, the field is empty at first.
  const proposals = addresses.length === 1 ? addresses : addresses.filter((address) => sameAddress(address, author)).slice(0, 1);
  const input = html("input", {
    id, type: "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false", dir: "ltr",
    "aria-describedby": `${id}-hint`, value: kind === "exact" ? proposals.join("") : "", data: { test: "accept-addresses" },
  });
  const element = html(
    "div",
    { class: "field" },
    html("label", { for: id, text: translate("accept_addresses") }),
    input,
    html("p", { class: "field-hint", id: `${id}-hint`, text: translate(`accept_addresses_${kind}_hint`) }),
  );
  return { element, input, read: () => input.value.split(/[\s,;]+/u).filter(Boolean) };
}

/**
 * @param {Catalogue} translate
 * @param {"exact" | "authority"} kind
 * @param {Acceptable} certificate
 * @param {(iso: string) => string} day
 */
function describe(translate, kind, { addresses, subject, issuer, notBefore, notAfter, fingerprint }, day) {
  return createFacts([
    [translate("certificate_row_addresses"), kind === "exact" ? listed(addresses) : ""],
    [translate("accept_subject"), readableName(subject)],
    [translate("certificate_row_issuer"), readableName(issuer)],
    [translate("valid"), `${day(notBefore)} – ${day(notAfter)}`],
  ], [translate("fingerprint_sha256"), fingerprint]);
}

/** @param {string[]} addresses */
function listed(addresses) {
  const further = addresses.length - MAX_LISTED;
  return [...addresses.slice(0, MAX_LISTED).map(cleanAddress), ...(further > 0 ? [`… (+${further})`] : [])].join(", ");
}

/**
 * The name of a certificate for the title. A name is not used if it looks like an address that the certificate does not have.
 * @param {Acceptable} certificate
 */
function titleOf({ name, addresses, subject }) {
  const isOther = looksLikeAddress(name) && !addresses.some((address) => sameAddress(address, name));
  return (isOther ? "" : cleanName(name)) || subject;
}
