/** The dialogs of a letter that goes as a parcel: the question, the upload, and the words. */

import { html } from "../ui/dom.js";
import { size } from "../ui/formats.js";
import { createSecretSection } from "../ui/parcel_secret.js";
import { createQuestion } from "./letter_question.js";
import { ParcelPost } from "./parcel_post.js";

/** @typedef {import("./letter_host.js").LetterHost} LetterHost */
/** @typedef {import("../ui/parcel_secret.js").Route} Route */

/** @template Outcome the outcome of the mail to the people with certificates */
export class ParcelDialog {
  #host;
  #letter;
  #titleId;
  #dialog;
  /** Whether Escape closes the dialog: not while a parcel is uploaded or its words are shown. */
  #isClosable = true;
  /** The function that runs when the dialog is closed. */
  #onClose;
  #ending = new AbortController();

  /** @param {LetterHost} host @param {import("./letter_host.js").ParcelLetter<Outcome>} letter */
  constructor(host, letter) {
    const { parts } = host;
    this.#host = host;
    this.#letter = letter;
    this.#titleId = parts.uniqueId("parcel");
    this.#onClose = () => letter.onLeft();
    const titleId = this.#titleId;
    const content = createQuestion(host, letter, {
      titleId, onGo: (choice) => this.#send(choice), onBack: () => this.#dialog.close(),
      onUnencrypted: () => {
        this.#dialog.close();
        letter.onUnencrypted();
      },
    });
    this.#dialog = parts.showDialog({ titleId, test: "parcel-dialog", isWide: true, onClose: () => this.#onClose() }, ...content);
    this.#dialog.addEventListener("cancel", (event) => { if (!this.#isClosable) event.preventDefault(); });
    parts.disturb();
  }

  /** @param {import("./parcel_post.js").Choice} choice */
  #send(choice) {
    const host = this.#host;
    this.#isClosable = false;
    this.#letter.onBegun();
    const post = new ParcelPost(host, this.#letter, choice);
    const shown = new Progress(host, { titleId: this.#titleId, onAgain: () => {
      host.onAgain(failure);
      void run();
    }, onCancel: () => this.#dialog.close() });
    /** @type {unknown} */
    let failure;
    this.#onClose = () => {
      this.#ending.abort();
      void post.discard();
      this.#letter.onLeft(failure);
    };
    // A lock overwrites the key that seals the parcel's key, so the upload cannot go on.
    const { ended } = host;
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
        return shown.fail(sentenceOf(host, error), host.labelAgain(error));
      }
      ended.removeEventListener("abort", lock);
      this.#showSecrets(post, choice.route);
    };
    this.#show(shown.elements);
    host.announce(host.translate("as_parcel_sending"));
    void run();
  }

  /** @param {ParcelPost<Outcome>} post @param {Route} route */
  #showSecrets(post, route) {
    const { translate, createList } = this.#host;
    const secrets = post.secrets();
    const close = this.#letter.onSent(post.outcome);
    // The browser may keep a page for the Back button, and must not keep the words with it. A page asks before it closes.
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
    this.#show([
      html("h2", { id: this.#titleId, tabindex: -1, text: translate("as_parcel_sent_title") }),
      html("p", { text: translate("as_parcel_sent_meaning") }),
      ...secrets.map((secret) => createSecretSection(translate, secret, route)),
      html("p", { text: translate("as_parcel_shown_once") }),
      html("div", { class: "actions" }, done, createList?.(() => this.#dialog.close())),
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

  /** @param {LetterHost} host @param {{titleId: string, onAgain: () => void, onCancel: () => void}} options */
  constructor({ translate, parts }, { titleId, onAgain, onCancel }) {
    this.#translate = translate;
    this.#bar = html("progress", { class: "parcel-progress", "aria-labelledby": titleId, data: { test: "parcel-progress" } });
    this.#said = html("p", { class: "note", role: "status", data: { test: "parcel-said" } });
    this.#failure = parts.problem("parcel-send-error");
    this.#again = html("button", {
      class: "primary", type: "button", hidden: true, data: { test: "parcel-again" }, on: { click: onAgain },
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

  /** Nothing can be cancelled while the recipients are notified. */
  finish() {
    this.#cancel.hidden = true;
    this.#said.textContent = this.#translate("as_parcel_finishing");
  }

  /** @param {string} sentence @param {string} labelAgain */
  fail(sentence, labelAgain) {
    this.#said.textContent = "";
    this.#failure.textContent = sentence;
    this.#again.textContent = labelAgain;
    this.#again.hidden = this.#cancel.hidden = false;
    this.#again.focus();
  }
}

/** The sentence for an error. Some codes have another meaning here than elsewhere. @param {LetterHost} host @param {any} error */
function sentenceOf({ translate, sentenceFor }, error) {
  const key = `as_parcel_error_${String(error?.code ?? "").replaceAll("-", "_")}`;
  return translate.has(key) ? translate(key) : sentenceFor(error);
}
