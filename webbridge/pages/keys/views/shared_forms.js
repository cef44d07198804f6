/** The dialogs in which an owner makes a shared identity from a key file, and gives it a new certificate. */

import { createForm, html, inputField, openDialog, problem, uniqueId, whileBusy } from "../../../../wasm_build/ui/dom.js";
import { isolate } from "../../../../wasm_build/ui/formats.js";
import { SecretField } from "../../../../wasm_build/ui/secret_field.js";
import { codeOf, sharedSentence } from "./shared_words.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/services.js").Announce} Announce */
/** @typedef {import("../keys.js").KeyRing} KeyRing */
/** @typedef {import("./shared_words.js").SharedWordServices} SharedWordServices */
/**
 * @typedef {{
 *   translate: Catalogue, announce: Announce, keys: KeyRing, address: string | null,
 * } & SharedWordServices} SharedFormServices
 */
/** @typedef {import("../shared_identities.js").SharedIdentities} SharedIdentities */
/** @typedef {import("../../../../wasm_build/vault/types/account.js").KeyFile} KeyFile */

const MAX_NAME_CHARACTERS = 100;

/** @param {SharedFormServices} services @param {SharedIdentities} shared */
export function openCreating(services, shared) {
  const { translate } = services;
  const name = inputField(translate("shared_name"), {
    type: "text", autocomplete: "off", dir: "auto", maxlength: MAX_NAME_CHARACTERS, data: { test: "shared-name" },
  }, { hint: translate("shared_name_hint") });
  openFileDialog(services, {
    title: translate("shared_create_title"), meaning: translate("shared_create_meaning"), go: translate("shared_create_go"), test: "shared-create",
    first: name.element,
    act: async (file) => {
      const typed = name.input.value.trim().replace(/\s+/gu, " ");
      if (!typed) return { refused: translate("shared_name_missing"), place: name.input };
      await shared.create(typed, file());
      services.announce(translate("shared_created", { name: isolate(typed) }));
      return null;
    },
  });
}

/** @param {SharedFormServices} services @param {SharedIdentities} shared @param {{id: string, name: string, address: string}} group */
export function openRenewing(services, shared, { id, name, address }) {
  const { translate } = services;
  const words = { name: isolate(name), address: isolate(address) };
  openFileDialog(services, {
    title: translate("shared_renew_title", words), meaning: translate("shared_renew_meaning", words), go: translate("shared_renew_go"), test: "shared-renew",
    act: async (file) => {
      const { group } = await shared.renew(id, file());
      const isSame = (group?.removed.length ?? 0) > 0;
      services.announce(translate(isSame ? "shared_renewed_same" : "shared_renewed", words));
      return null;
    },
  });
}

/**
 * @param {SharedFormServices} services
 * @param {{
 *   title: string, meaning: string, go: string, test: string, first?: HTMLElement,
 *   act: (file: () => KeyFile) => Promise<{refused: string, place: HTMLElement} | null>,
 * }} options `act` resolves with the sentence about a missing input and with its field, or with null. It reads the file
 * only if nothing is missing
 */
function openFileDialog(services, { title, meaning, go, test, first, act }) {
  const { translate, keys } = services;
  const titleId = uniqueId("shared-form");
  const file = inputField(translate("key_file"), {
    type: "file", accept: ".p12,.pfx,.pem,application/x-pkcs12", data: { test: `${test}-file` },
  }, { hint: translate("shared_file_hint") });
  const field = new SecretField({
    translate, label: translate("file_passphrase"), hint: translate("file_passphrase_hint"), onSubmit: () => form.requestSubmit(),
  });
  const failure = problem(`${test}-problem`);
  const button = html("button", { class: "primary", type: "submit", text: go, data: { test: `${test}-go` } });
  const refuse = (/** @type {string} */ text, /** @type {HTMLElement} */ place) => {
    failure.textContent = text;
    place.focus();
  };
  const send = () => whileBusy(button, translate("working"), async () => {
    failure.textContent = "";
    const chosen = file.input.files?.[0];
    if (!chosen) return refuse(translate("error_no_file"), file.input);
    const p12 = await chosen.arrayBuffer();
    const missing = await act(() => ({ p12, passphrase: field.copy() }));
    if (missing) return refuse(missing.refused, missing.place);
    dialog.close();
  }, (error) => {
    // With this code, the file has a certificate of the owner's own address.
    const isOwn = codeOf(error) === "group-of-own-address";
    failure.textContent = sharedSentence(services, isOwn ? { code: "own-file" } : error, { owner: services.address ?? "" });
  });
  const form = createForm(
    { class: "stack" }, send,
    html("h2", { id: titleId, text: title }), html("p", { text: meaning }), first ?? null, file.element, field.element, failure,
    html("div", { class: "actions" }, button, html("button", { type: "button", text: translate("cancel"), on: { click: () => dialog.close() } })),
  );
  const lock = () => { if (!keys.unlocked) dialog.close(); };
  const dialog = openDialog({ titleId, test, onClose: () => {
    keys.removeEventListener("change", lock);
    field.clear();
  } }, form);
  keys.addEventListener("change", lock);
}
