/** The broker's side of the nested view: one iframe without an origin, joined by one MessagePort. */
import { api } from "./api.js";
import { html } from "../runtime/ui/dom.js";
import { text } from "./i18n.js";

const ANSWER_MILLISECONDS = 10_000;

export class ViewLink {
  element;
  /** Whether the person has typed into the view. */
  typed = false;
  /** Called whenever the person typed. @type {() => void} */
  onTyped = () => {};
  #port;
  #lastId = 0;
  /** @type {Map<number, (answer: any) => void>} */
  #pending = new Map();

  /** @param {HTMLIFrameElement} element @param {MessagePort} port */
  constructor(element, port) {
    this.element = element;
    this.#port = port;
    port.onmessage = ({ data }) => {
      if (data.type === "typed") {
        this.typed = true;
        this.onTyped();
      }
      this.#pending.get(data.id)?.(data.answer);
      this.#pending.delete(data.id);
    };
  }

  /** Loads the view into its place. @param {HTMLElement} place */
  static async open(place) {
    const element = html("iframe", {
      class: "view", src: api.runtime.getURL("view.html"), sandbox: "allow-scripts", title: text("frameTitle"),
    });
    const { port1, port2 } = new MessageChannel();
    const loaded = new Promise((resolve) => element.addEventListener("load", resolve, { once: true }));
    place.append(element);
    await loaded;
    // The view has an opaque origin: there is no other name for it than "*", and no other document in this frame.
    element.contentWindow?.postMessage("port", "*", [port2]);
    return new ViewLink(element, port1);
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

  /** @param {ArrayBuffer} publicKey @returns {Promise<Envelope>} */
  seal(publicKey) {
    return this.#call("seal", { publicKey });
  }

  /** @param {boolean} frozen */
  freeze(frozen) {
    return this.#call("freeze", { frozen });
  }

  /** @param {string} type @param {object} body @returns {Promise<any>} */
  #call(type, body) {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, resolve);
      setTimeout(() => reject(new Error("the view does not answer")), ANSWER_MILLISECONDS);
      this.#port.postMessage({ id, type, body });
    });
  }
}
