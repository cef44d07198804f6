/**
 * The dialogs of a letter that is sent as a parcel. This is a separate script, which `views/parcel_way.js` loads when it is
 * first needed.
 */

import { ParcelDialog } from "../../../../wasm_build/parcels/letter_dialog.js";
import { ParcelUploads } from "../../../../wasm_build/parcels/parcel_uploads.js";
import { html } from "../../../../wasm_build/ui/dom.js";

/**
 * @typedef {{
 *   translate: import("../../app/language.js").PageTexts, keys: import("../../keys/keys.js").KeyRing,
 *   mailVault: import("../../keys/mail_vault.js").MailVault, api: import("../../app/api.js").BridgeApi,
 *   sentenceFor: import("../../app/services.js").SentenceFor, announceHere: import("../../app/services.js").Announce,
 * }} ParcelLetterServices
 */
/** @typedef {import("../../../../wasm_build/parcels/letter_host.js").LetterHost} LetterHost */
/** @typedef {import("../../../../wasm_build/parcels/letter_host.js").ParcelLetter<import("../../writing/sending_requests.js").Submission>} ParcelLetter */
/** @typedef {Omit<ParcelLetter, "compose"> & {words: () => import("../../writing/letter_sending.js").Words}} Letter */
/**
 * The parts that the dialogs get from the pages. `languages` are the names of the pages' languages.
 * @typedef {Pick<LetterHost, "parts" | "limits" | "languages"> & {services: ParcelLetterServices}} Given
 */
/** @typedef {{ask: (given: Given, letter: Letter) => void}} ParcelDialogs */

/** @param {Given} given @returns {LetterHost} */
function createHost({ services, ...given }) {
  const { translate, keys, api } = services;
  return {
    ...given, translate, keys, language: translate.language, pages: document.baseURI, notes: [translate("as_parcel_not_in_sent")], refusal: "",
    vault: keys.vault, uploads: new ParcelUploads(api.parcels.ask, { language: translate.language }),
    get ended() {
      return keys.ended;
    },
    sentenceForOthers: (who) => translate("as_parcel_for_others", { who }),
    sentenceFor: (error) => services.sentenceFor(error),
    labelAgain: () => translate("try_again"),
    onAgain: () => {},
    announce: (sentence) => services.announceHere(sentence),
    createList: (onOpen) => html("a", {
      class: "button", href: "#/parcels", text: translate("sent_parcels"), data: { test: "parcel-list" }, on: { click: onOpen },
    }),
  };
}

/**
 * The written message without its attachments, which are files of the parcel.
 * @param {ParcelLetterServices} services @param {string} from the address of the sender @param {import("../../writing/letter_sending.js").Words} words
 */
function compose({ mailVault }, from, words) {
  const draft = {
    ...words, attachments: [], messageId: `<${crypto.randomUUID()}@${from.split("@").at(-1)}>`,
    statements: { receipt: false, lasting: false, label: null },
  };
  // The manifest's signature covers the message.
  return mailVault.compose(draft, { sign: false, recipients: [], readers: [], stamp: () => Promise.reject(new Error("unsigned")) });
}

/** @type {ParcelDialogs} */
const dialogs = {
  ask(given, { words, ...letter }) {
    new ParcelDialog(createHost(given), { ...letter, compose: () => compose(given.services, letter.from, words()) });
  },
};
Object.assign(globalThis, { sealwaxParcelLetter: dialogs });
