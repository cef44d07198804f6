/**
 * The offer to answer a parcel: a button if an answer can be encrypted for the sender, else the reason why not. The form is
 * loaded at the first press of the button.
 */

import { createForm, html, problem, uniqueId } from "../ui/dom.js";
import { isolate } from "../ui/formats.js";
import { ApiError } from "../vault/server/json_requests.js";

/** @typedef {import("./parcel_host.js").ParcelHost} ParcelHost */
/** @typedef {import("./parcel_reader.js").ParcelReader} ParcelReader */
/** @typedef {import("./parcel_reader.js").OpenedManifest} OpenedManifest */
/** @typedef {import("./requests.js").Opening} Opening */

/** The functions and classes that may exist only once in a document. */
const PARTS = { createForm, problem, uniqueId };

export class AnswerOffer {
  element = html("section", { class: "stack", hidden: true, data: { test: "answer" } });
  #page;
  #reader;
  #opening;
  #signal;
  #close = () => {};

  /**
   * @param {ParcelHost} page
   * @param {ParcelReader} reader
   * @param {Opening} opening
   * @param {AbortSignal} signal aborts when the parcel is closed
   */
  constructor(page, reader, opening, signal) {
    this.#page = page;
    this.#reader = reader;
    this.#opening = opening;
    this.#signal = signal;
  }

  /** Deletes the answer that is being written. */
  close() {
    this.#close();
    this.element.replaceChildren();
  }

  /**
   * Checks whether the sender can get an encrypted answer, and shows the result.
   * @param {OpenedManifest} manifest whose verdict is settled
   * @param {string} subject the subject of the message; empty without a message
   */
  async show(manifest, subject) {
    const { answer } = this.#opening;
    const sender = isolate(manifest.sender);
    if (!answer) return this.#say("parcel_answer_no_server", sender);
    if (answer.left <= 0) return this.#say("parcel_answer_no_more", sender);
    // Without a vault or a connection, no certificate can be found.
    const certificate = await this.#reader.answerCertificate(manifest, this.#signal).catch(() => null);
    if (this.#signal.aborted) return;
    if (!certificate) return this.#say("parcel_answer_no_certificate", sender);
    this.#offer({ certificate, sender: manifest.sender, subject });
  }

  /** @param {string} key @param {string} sender */
  #say(key, sender) {
    this.#fill(html("p", { class: "note", text: this.#page.translate(key, { sender }), data: { test: "no-answer" } }));
  }

  /** @param {{certificate: ArrayBuffer, sender: string, subject: string}} to */
  #offer(to) {
    const { translate } = this.#page;
    const failure = problem("answer-load-error");
    const button = html("button", {
      class: "primary", type: "button", text: translate("reply"), data: { test: "write-answer" },
      on: { click: () => void this.#page.attempt(button, translate("loading"), failure, () => this.#write(to)) },
    });
    this.#fill(failure, html("div", { class: "actions" }, button));
    return button;
  }

  /** @param {{certificate: ArrayBuffer, sender: string, subject: string}} to */
  async #write(to) {
    const createAnswer = await this.#page.loadAnswer().catch((error) => { throw new ApiError("unreachable", String(error)); });
    if (this.#signal.aborted) return;
    const terms = /** @type {import("./requests.js").AnswerTerms} */ (this.#opening.answer);
    const form = createAnswer({
      page: this.#page, parts: PARTS, terms, reference: this.#opening.reference, ...to,
      encrypt: (draft) => this.#reader.encryptAnswer(draft, to.certificate),
      send: async (answer) => {
        const { left } = await this.#reader.sendAnswer(answer);
        this.#opening = { ...this.#opening, answer: { ...terms, left } };
      },
      onEnd: () => {
        this.#close = () => {};
        if ((this.#opening.answer?.left ?? 0) > 0) this.#offer(to).focus();
        else this.#say("parcel_answer_no_more", isolate(to.sender));
      },
    });
    this.#close = form.close;
    this.#fill(form.element);
    form.focus();
  }

  /** @param {...HTMLElement} children */
  #fill(...children) {
    this.element.hidden = false;
    this.element.replaceChildren(...children);
  }
}
