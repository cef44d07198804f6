/**
 * The dialogs of a letter that goes as a parcel: the question, the upload, and the words.
 *
 * They are a script of their own, which `views/parcel_way.js` loads when it is needed first. What there may be only once in a
 * document comes from the pages: dialogs, forms and buttons with their calm, and numbers of ids.
 */

import { html } from "../../../wasm_build/ui/dom.js";
import { size } from "../../../wasm_build/ui/formats.js";
import { createSecretSection } from "../../../wasm_build/ui/parcel_secret.js";
import { ParcelPost } from "./parcel_post.js";
import { createQuestion } from "./question.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../../../wasm_build/ui/recipients_field.js").Person} Person */
/** @typedef {import("../../../wasm_build/ui/parcel_secret.js").Route} Route */
/**
 * @typedef {Pick<typeof import("../../../wasm_build/ui/parts.js"), "createForm" | "inputField" | "problem" | "whileBusy">
 *   & Pick<typeof import("../../../wasm_build/ui/dialog.js"), "openDialog"> & Pick<typeof import("../../../wasm_build/ui/dom.js"), "uniqueId">
 *   & Pick<typeof import("../../../wasm_build/ui/calm.js"), "disturb">} Parts
 */
/**
 * The parts that the dialogs get from the pages. `languages` are the names of the pages' languages.
 * @typedef {{app: App, parts: Parts, limits: import("../parcel_requests.js").ParcelLimits, languages: Record<string, string>}} Given
 */
/**
 * The letter, and what the view of writing does. `open` and `hidden` get the parcel, `others` the letter by mail. `takeBack`
 * prepares the sending as for a mail. `onBegun` is called when the parcel is being sent, `onLeft` with the error, if there was
 * one, when it was given up, `onSent` when it is submitted, and what that returns when the dialog is closed then.
 * @typedef {{
 *   words: () => import("../letter_sending.js").Words, files: {name: string, data: import("../../../wasm_build/parcels/readable.js").Readable}[],
 *   sign: boolean, encrypt: boolean, hasStatements: boolean, isTooLarge: boolean, open: Person[], hidden: Person[], others: Person[],
 *   takeBack: () => Promise<void>, sendOthers: () => Promise<import("../api.js").Submission>, onUnencrypted: () => void,
 *   onBegun: () => void, onSent: (submission: import("../api.js").Submission | null) => () => void, onLeft: (error?: unknown) => void,
 * }} Letter
 */
/** @typedef {{ask: (given: Given, letter: Letter) => void}} ParcelDialogs */

class ParcelDialog {
  #given;
  #letter;
  #titleId;
  #dialog;
  /** Whether Escape closes the dialog: not while a parcel is uploaded, and not while its words are shown. */
  #isClosable = true;
  /** What happens when the dialog is closed. */
  #onClose;
  #ending = new AbortController();

  /** @param {Given} given @param {Letter} letter */
  constructor(given, letter) {
    const { parts } = given;
    this.#given = given;
    this.#letter = letter;
    this.#titleId = parts.uniqueId("parcel");
    this.#onClose = () => letter.onLeft();
    const titleId = this.#titleId;
    const content = createQuestion(given, letter, {
      titleId, onGo: (choice) => this.#send(choice), onBack: () => this.#dialog.close(),
      onUnencrypted: () => {
        this.#dialog.close();
        letter.onUnencrypted();
      },
    });
    this.#dialog = parts.openDialog({ titleId, test: "parcel-dialog", isWide: true, onClose: () => this.#onClose() }, ...content);
    this.#dialog.addEventListener("cancel", (event) => { if (!this.#isClosable) event.preventDefault(); });
    parts.disturb();
  }

  /** @param {import("./parcel_post.js").Choice} choice */
  #send(choice) {
    const { app, limits } = this.#given;
    const { translate } = app;
    this.#isClosable = false;
    this.#letter.onBegun();
    const post = new ParcelPost(app, this.#letter, choice, limits);
    const shown = new Progress(this.#given, { titleId: this.#titleId, onAgain: () => void run(), onCancel: () => this.#dialog.close() });
    /** @type {unknown} */
    let failure;
    this.#onClose = () => {
      this.#ending.abort();
      void post.discard();
      this.#letter.onLeft(failure);
    };
    // A lock overwrites the key of the parcel's key, so that the upload cannot go on.
    const { ended } = app.keys;
    const lock = () => this.#dialog.close();
    ended.addEventListener("abort", lock, { once: true });
    const run = async () => {
      shown.begin();
      failure = undefined;
      const signal = AbortSignal.any([this.#ending.signal, ended]);
      try {
        await post.send({
          signal, onProgress: (done, total) => shown.show(done, total), onLost: (isLost) => shown.lost(isLost), onUploaded: () => shown.finish(),
        });
      } catch (error) {
        if (signal.aborted) return;
        failure = error;
        return shown.fail(sentenceOf(app, error));
      }
      ended.removeEventListener("abort", lock);
      this.#showSecrets(post, choice.route);
    };
    this.#show(shown.elements);
    app.announceHere(translate("as_parcel_sending"));
    void run();
  }

  /** @param {ParcelPost} post @param {Route} route */
  #showSecrets(post, route) {
    const { translate } = this.#given.app;
    const secrets = post.secrets();
    const close = this.#letter.onSent(post.submission);
    // A page that the browser keeps for the way back keeps no words. A page that is closed asks first.
    const leave = () => this.#dialog.close();
    const warn = (/** @type {BeforeUnloadEvent} */ event) => event.preventDefault();
    addEventListener("pagehide", leave);
    addEventListener("beforeunload", warn);
    this.#onClose = () => {
      removeEventListener("pagehide", leave);
      removeEventListener("beforeunload", warn);
      post.forget();
      this.#dialog.replaceChildren();
      close();
    };
    const done = html("button", {
      class: "primary", type: "button", text: translate(route === "told" ? "as_parcel_told" : "as_parcel_link_sent"), data: { test: "parcel-done" },
      on: { click: () => this.#dialog.close() },
    });
    const list = html("a", {
      class: "button", href: "#/parcels", text: translate("sent_parcels_title"), data: { test: "parcel-list" }, on: { click: () => this.#dialog.close() },
    });
    this.#show([
      html("h2", { id: this.#titleId, tabindex: -1, text: translate("as_parcel_sent_title") }),
      html("p", { text: translate("as_parcel_sent_meaning") }),
      ...secrets.map((secret) => createSecretSection(translate, secret, route)),
      html("p", { text: translate("as_parcel_shown_once") }),
      html("div", { class: "actions" }, done, list),
    ]);
  }

  /** @param {HTMLElement[]} content */
  #show(content) {
    this.#dialog.replaceChildren(...content);
    content[0]?.focus();
  }
}

/** The part of the dialog while the parcel is uploaded. */
class Progress {
  #translate;
  #bar;
  #said;
  #failure;
  #again;
  #cancel;

  /** @param {Given} given @param {{titleId: string, onAgain: () => void, onCancel: () => void}} options */
  constructor({ app: { translate }, parts }, { titleId, onAgain, onCancel }) {
    this.#translate = translate;
    this.#bar = html("progress", { class: "parcel-progress", "aria-labelledby": titleId, data: { test: "parcel-progress" } });
    this.#said = html("p", { class: "note", role: "status", data: { test: "parcel-said" } });
    this.#failure = parts.problem("parcel-send-error");
    this.#again = html("button", {
      class: "primary", type: "button", hidden: true, text: translate("try_again"), data: { test: "parcel-again" }, on: { click: onAgain },
    });
    this.#cancel = html("button", { type: "button", text: translate("as_parcel_cancel"), data: { test: "parcel-cancel" }, on: { click: onCancel } });
    this.elements = [
      html("h2", { id: titleId, tabindex: -1, text: translate("as_parcel_sending") }), this.#bar, this.#said, this.#failure,
      html("div", { class: "actions" }, this.#again, this.#cancel),
    ];
  }

  begin() {
    this.#failure.textContent = "";
    this.#again.hidden = true;
    this.#cancel.hidden = false;
    this.#bar.removeAttribute("value");
    this.#said.textContent = this.#translate("as_parcel_preparing");
  }

  /** @param {number} done @param {number} total in bytes */
  show(done, total) {
    this.#bar.max = Math.max(total, 1);
    this.#bar.value = done;
    this.#said.textContent = this.#translate("as_parcel_uploaded", { done: size(done), total: size(total) });
  }

  /** @param {boolean} isLost */
  lost(isLost) {
    this.#said.textContent = isLost ? this.#translate("as_parcel_connection_lost") : "";
  }

  /** Nothing can be cancelled while the recipients are told. */
  finish() {
    this.#cancel.hidden = true;
    this.#said.textContent = this.#translate("as_parcel_finishing");
  }

  /** @param {string} sentence */
  fail(sentence) {
    this.#said.textContent = "";
    this.#failure.textContent = sentence;
    this.#again.hidden = this.#cancel.hidden = false;
    this.#again.focus();
  }
}

/** The sentence for an error. Some codes mean another thing than elsewhere. @param {App} app @param {any} error */
function sentenceOf(app, error) {
  const key = `as_parcel_error_${String(error?.code ?? "").replaceAll("-", "_")}`;
  return app.translate.has(key) ? app.translate(key) : app.sentenceFor(error);
}

/** @type {ParcelDialogs} */
const dialogs = { ask: (given, letter) => void new ParcelDialog(given, letter) };
Object.assign(globalThis, { sealwaxParcelLetter: dialogs });
