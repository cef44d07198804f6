/**
 * The choice how a letter is sent: by the person's bridge, or as the page that opened the window asked (by the webmail
 * or as a file). The bridge is preferred while the person is signed in there with the letter's From.
 */
import { html } from "../../wasm_build/ui/dom.js";
import { isolate, sameAddress } from "../../wasm_build/ui/formats.js";
import { whenBridgeChanged } from "../shared/bridge_news.js";
import { translate } from "../texts/texts.js";
import { ask } from "../shared/request.js";

/** @typedef {import("./letter_window.js").Claim} Claim */
/** @typedef {Claim["deliver"] | "bridge"} Delivery */

export class BridgeChoice {
  element = html("div", { class: "bridge-choice", data: { test: "bridge-choice" } });
  #bridge;
  #other;
  #onChange;
  #from = "";
  #isDeclined = false;
  /** The addresses that were signed in while the window was open. @type {Set<string>} */
  #seen = new Set();
  #shown = "";

  /** @param {Pick<Claim, "bridge" | "deliver"> & {onChange: () => void}} options */
  constructor({ bridge, deliver, onChange }) {
    this.#bridge = bridge;
    this.#other = deliver;
    this.#onChange = onChange;
    whenBridgeChanged(() => void this.refresh());
  }

  /**
   * How the letter is sent. This does not change when the session ends. Otherwise the label "Send by …" could change
   * just before the person's click, and the webmail would get the letter.
   * @returns {Delivery}
   */
  get deliver() {
    const isOffered = this.host !== "" && (this.#isReady || this.#seen.has(this.#from));
    return isOffered && !this.#isDeclined ? "bridge" : this.#other;
  }

  get host() {
    return this.#bridge.host;
  }

  /** @param {string} from the address of the letter's sender */
  show(from) {
    this.#from = from;
    if (this.#isReady) this.#seen.add(from);
    const state = JSON.stringify([this.#bridge, from, this.#isDeclined]);
    // An unchanged choice is not drawn again, because new elements could get a click that was meant for something else.
    if (state === this.#shown) return;
    this.#shown = state;
    this.element.replaceChildren(...(this.host ? this.#draw() : []));
  }

  /** Reads the session again, since another window may have begun or ended it. */
  async refresh() {
    const bridge = await ask("bridge.read").catch(() => null);
    if (!bridge) return;
    this.#bridge = bridge;
    this.#onChange();
  }

  signIn() {
    void ask("bridge.open", { address: this.#from });
  }

  get #isReady() {
    return this.host !== "" && sameAddress(this.#bridge.address, this.#from);
  }

  #draw() {
    const [host, from] = [isolate(this.host), isolate(this.#from)];
    const { address } = this.#bridge;
    const isByBridge = this.deliver === "bridge";
    const instead = translate(isByBridge ? (this.#other === "file" ? "bridge_file_instead" : "bridge_webmail_instead") : "bridge_instead", { host });
    const turn = html("button", { type: "button", class: "quiet", text: instead, data: { test: "bridge-turn" }, on: { click: () => this.#turn() } });
    if (this.#isReady) {
      return [...(isByBridge ? [html("p", { class: "field-hint", text: translate("bridge_sends", { host }), data: { test: "bridge-sends" } })] : []), turn];
    }
    const words = address ? translate("bridge_other", { address: isolate(address), host }) : translate("bridge_offer", { host });
    const signIn = html("button", {
      type: "button", text: address ? translate("bridge_sign_in_as", { address: from }) : translate("sign_in"), data: { test: "bridge-sign-in" },
      on: { click: () => this.signIn() },
    });
    return [html("p", { class: "field-hint", text: words }), html("div", { class: "actions" }, signIn, ...(isByBridge ? [turn] : []))];
  }

  #turn() {
    this.#isDeclined = !this.#isDeclined;
    this.#onChange();
  }
}
