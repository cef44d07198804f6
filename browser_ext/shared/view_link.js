/**
 * The link to a nested view, for the document around the view. The view is an iframe with an opaque origin, and one
 * MessagePort connects it.
 */
import { api } from "./api.js";
import { html } from "../../wasm_build/ui/dom.js";
import { RequestError } from "./messages.js";
import { errorText, translate } from "../texts/texts.js";

const ANSWER_MILLISECONDS = 10_000;

/**
 * The questions of the view to the frame around it.
 * @typedef {{name: "file", body: {file: number}} | {name: "vaultKey", body: object}
 *   | {name: "attached", body: {name: string, envelope: Envelope}}} ViewQuestion
 * @typedef {(question: ViewQuestion) => Promise<unknown>} OnAsk
 */

/** @type {OnAsk} */
async function refuse() {
  throw new RequestError("bad-request");
}

/** Waits until the page and the frames in its markup are loaded. */
async function pageLoad() {
  if (document.readyState !== "complete") await new Promise((resolve) => addEventListener("load", resolve, { once: true }));
}

export class ViewLink {
  element;
  /** Whether the person has typed into the view. */
  typed = false;
  /** Called each time the person types into the view. @type {() => void} */
  onTyped = () => {};
  /** Called when a mail without markup needs another height, in pixels. @type {(height: number) => void} */
  onHeight = () => {};
  #port;
  #lastId = 0;
  /** @type {Map<number, {resolve: (answer: any) => void, reject: (error: Error) => void}>} */
  #pending = new Map();

  /** @param {HTMLIFrameElement} element @param {MessagePort} port @param {OnAsk} onAsk */
  constructor(element, port, onAsk) {
    this.element = element;
    this.#port = port;
    port.onmessage = ({ data }) => {
      if (data.type === "typed") {
        this.typed = true;
        this.onTyped();
      }
      if (data.type === "height" && Number.isFinite(data.height)) return this.onHeight(data.height);
      if (data.ask !== undefined) return void this.#answer(data, onAsk);
      const pending = this.#pending.get(data.id);
      this.#pending.delete(data.id);
      if (data.problem === undefined) pending?.resolve(data.answer);
      else pending?.reject(new Error(data.problem));
    };
  }

  /**
   * Loads the view into `place`, or uses the iframe that the page's markup has there.
   * @param {Element} place
   * @param {{page?: string, sandbox?: string, onAsk?: OnAsk}} [options]
   */
  static async open(place, { page = "frame/view.html", sandbox = "allow-scripts", onAsk = refuse } = {}) {
    const early = place.querySelector("iframe");
    const element = early ?? html("iframe", { class: "view", src: api.runtime.getURL(page), sandbox });
    element.ariaLabel = translate("frame_title");
    const { port1, port2 } = new MessageChannel();
    // If the view is in the page's markup, the load event of the page waits for the view.
    const loaded = early ? pageLoad() : new Promise((resolve) => element.addEventListener("load", resolve, { once: true }));
    if (!early) place.append(element);
    await loaded;
    // The view has an opaque origin, which only "*" can name. There is no other document in this frame.
    element.contentWindow?.postMessage("port", "*", [port2]);
    return new ViewLink(element, port1, onAsk);
  }

  /** @param {{label: string, text: string}} body */
  write(body) {
    return this.#call("write", body);
  }

  /** @param {{label: string}} body @returns {Promise<ArrayBuffer>} the public key for which the text is encrypted */
  read(body) {
    return this.#call("read", body);
  }

  /** @returns {Promise<ArrayBuffer>} the public key for which a kept text is encrypted */
  prepare() {
    return this.#call("prepare", {});
  }

  /** @param {Envelope} envelope */
  show(envelope) {
    return this.#call("show", { envelope });
  }

  /** @param {{words: Record<string, string>, language: string, direction: string}} body @returns {Promise<ArrayBuffer>} */
  readMail(body) {
    return this.#call("read", body);
  }

  /** @param {{envelope: Envelope, verdict: object}} body */
  showMail(body) {
    return this.#call("show", body);
  }

  /**
   * @param {{envelope: Envelope, withTexts?: boolean}} body
   * @returns {Promise<{leftOut: number, scripts: number, texts: string[]}>} the numbers of elements that were
   *   left out; with `withTexts` also all texts
   */
  showPage(body) {
    return this.#call("show", body);
  }

  /** @param {{verdict: object}} body */
  judgeMail(body) {
    return this.#call("judge", body);
  }

  /** @param {ArrayBuffer} publicKey @returns {Promise<Envelope>} */
  encrypt(publicKey) {
    return this.#call("encrypt", { publicKey });
  }

  /** @param {boolean} seen whether the page shows the frame unchanged */
  attend(seen) {
    return this.#call("attend", { seen });
  }

  /** @param {boolean} frozen */
  freeze(frozen) {
    return this.#call("freeze", { frozen });
  }

  /** @template T @param {string} type @param {object} body @returns {Promise<T>} */
  #call(type, body) {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      setTimeout(() => reject({ code: "view-silent" }), ANSWER_MILLISECONDS);
      this.#port.postMessage({ id, type, body });
    });
  }

  /** @param {ViewQuestion & {ask: number}} question @param {OnAsk} onAsk */
  async #answer({ ask, ...question }, onAsk) {
    try {
      this.#port.postMessage({ answered: ask, value: await onAsk(question) });
    } catch (error) {
      this.#port.postMessage({ answered: ask, problem: errorText(error) });
    }
  }
}
