/**
 * The code of a nested view that answers the document around it, in which `ViewLink` is the other end. The view is a
 * sandboxed document with an opaque origin, no extension API and no network. It has the private key that decrypts the
 * content that it shows.
 */
import { generateKeys, openWith } from "./channel.js";

/**
 * The extension's origin. Messages must come from it, since any page can embed this document. The document's own origin
 * is opaque, but its address names the extension.
 */
const OWN_ORIGIN = new URL(location.href).origin;

/** @typedef {{words: Record<string, string>, language: string, direction: string}} Wording */

export class ViewPort {
  /** @type {MessagePort | null} */
  #port = null;
  /** @type {ChannelKeys | null} */
  #keys = null;
  #verbs;
  /** @type {Map<number, {resolve: (value: unknown) => void, reject: (error: Error) => void}>} */
  #asked = new Map();

  /** @param {Record<string, (body: never) => unknown>} verbs the functions that answer, by the type of the request */
  constructor(verbs) {
    this.#verbs = verbs;
    addEventListener("message", (event) => {
      if (this.#port || event.source !== parent || event.origin !== OWN_ORIGIN || event.data !== "port") return;
      [this.#port] = event.ports;
      this.#port.onmessage = ({ data }) => void (data.answered ? this.#settle(data) : this.#answer(data));
    });
    // People can copy opened text, but not drag it, since the page around may read dragged text.
    addEventListener("dragstart", (event) => event.preventDefault(), true);
  }

  /** Makes the key pair for one opened text. @returns {Promise<ArrayBuffer>} the public key */
  async makeKeys() {
    this.#keys = await generateKeys();
    return this.#keys.publicKey;
  }

  /** @param {string} purpose @param {Envelope} envelope */
  async open(purpose, envelope) {
    if (!this.#keys) throw new Error("nothing was asked for");
    return openWith(this.#keys, purpose, envelope);
  }

  /** @param {object} message */
  tell(message) {
    this.#port?.postMessage(message);
  }

  /**
   * Asks the document around this view.
   * @template T
   * @param {string} name
   * @param {object} [body]
   * @returns {Promise<T>}
   */
  ask(name, body = {}) {
    const id = this.#asked.size + Math.random();
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve: /** @type {(value: unknown) => void} */ (resolve), reject });
      this.tell({ ask: id, name, body });
    });
  }

  /** @param {{id: number, type: string, body: unknown}} request */
  async #answer({ id, type, body }) {
    try {
      this.tell({ id, answer: await this.#verbs[type](/** @type {never} */ (body)) });
    } catch (error) {
      this.tell({ id, problem: String(/** @type {Error} */ (error).message) });
    }
  }

  /** @param {{answered: number, value?: unknown, problem?: string}} reply */
  #settle({ answered, value, problem }) {
    const waiting = this.#asked.get(answered);
    this.#asked.delete(answered);
    if (problem === undefined) waiting?.resolve(value);
    else waiting?.reject(new Error(problem));
  }
}

/** Gives the document the language and the direction of its texts. @param {Wording} wording */
export function setLanguage({ language, direction }) {
  document.documentElement.lang = language;
  document.documentElement.dir = direction;
}
