/** The broker's side of the nested view: one iframe without an origin, joined by one MessagePort. */
import { api } from "./api.js";
import { html } from "../runtime/ui/dom.js";
import { RequestError } from "./messages.js";
import { errorText, text } from "./i18n.js";

const ANSWER_MILLISECONDS = 10_000;

/** @typedef {(name: string, body: any) => Promise<any>} OnAsk what the view may ask of the frame around it */

/** @type {OnAsk} */
async function refuse() {
  throw new RequestError("bad-request");
}

/** Once the page and the frames in its markup are loaded. */
async function pageLoad() {
  if (document.readyState !== "complete") await new Promise((resolve) => addEventListener("load", resolve, { once: true }));
}

export class ViewLink {
  element;
  /** Whether the person has typed into the view. */
  typed = false;
  /** Called whenever the person typed. @type {() => void} */
  onTyped = () => {};
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
      if (data.ask !== undefined) return void this.#answer(data, onAsk);
      const pending = this.#pending.get(data.id);
      this.#pending.delete(data.id);
      if (data.problem === undefined) pending?.resolve(data.answer);
      else pending?.reject(new Error(data.problem));
    };
  }

  /**
   * Loads the view into its place, or takes the one that stands there in the page's markup.
   * @param {Element} place
   * @param {{page?: string, sandbox?: string, onAsk?: OnAsk}} [options]
   */
  static async open(place, { page = "view.html", sandbox = "allow-scripts", onAsk = refuse } = {}) {
    const early = place.querySelector("iframe");
    const element = early ?? html("iframe", { class: "view", src: api.runtime.getURL(page), sandbox });
    element.ariaLabel = text("frameTitle");
    const { port1, port2 } = new MessageChannel();
    // One that stands in the markup belongs to what the page waits for.
    const loaded = early ? pageLoad() : new Promise((resolve) => element.addEventListener("load", resolve, { once: true }));
    if (!early) place.append(element);
    await loaded;
    // The view has an opaque origin: there is no other name for it than "*", and no other document in this frame.
    element.contentWindow?.postMessage("port", "*", [port2]);
    return new ViewLink(element, port1, onAsk);
  }

  /** @param {{label: string, text: string}} body */
  write(body) {
    return this.#call("write", body);
  }

  /** @param {{label: string}} body @returns {Promise<ArrayBuffer>} the key to seal the text to */
  read(body) {
    return this.#call("read", body);
  }

  /** @returns {Promise<ArrayBuffer>} the key to seal a kept text to */
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
   * @returns {Promise<{leftOut: number, scripts: number, texts: string[]}>} what readers do not see, and with `withTexts` all words
   */
  showPage(body) {
    return this.#call("show", body);
  }

  /** @param {{verdict: object}} body */
  judgeMail(body) {
    return this.#call("judge", body);
  }

  /** @param {ArrayBuffer} publicKey @returns {Promise<Envelope>} */
  seal(publicKey) {
    return this.#call("seal", { publicKey });
  }

  /** @param {boolean} seen whether the page shows the frame as it was made */
  attend(seen) {
    return this.#call("attend", { seen });
  }

  /** @param {boolean} frozen */
  freeze(frozen) {
    return this.#call("freeze", { frozen });
  }

  /** @param {string} type @param {object} body @returns {Promise<any>} */
  #call(type, body) {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      setTimeout(() => reject({ code: "view-silent" }), ANSWER_MILLISECONDS);
      this.#port.postMessage({ id, type, body });
    });
  }

  /** @param {{ask: number, name: string, body: any}} question @param {OnAsk} onAsk */
  async #answer({ ask, name, body }, onAsk) {
    try {
      this.#port.postMessage({ answered: ask, value: await onAsk(name, body) });
    } catch (error) {
      this.#port.postMessage({ answered: ask, problem: errorText(error) });
    }
  }
}
