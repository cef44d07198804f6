/** The offer that this device unlocks the keys from now on. It is made once, after the keys were unlocked with a passphrase. */

import { html, problem } from "../../../../wasm_build/ui/dom.js";
import { accountDigest } from "../../app/state_database.js";
import { addPasskey, canKeepPasskey, isPasskeyKept } from "./passkey_forms.js";

/** @typedef {import("../keys.js").KeyRing} KeyRing */
/** @typedef {import("../key_files.js").KeyFiles} KeyFiles */
/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/services.js").Attempt} Attempt */
/** @typedef {import("../../app/services.js").Announce} Announce */
/** @typedef {import("./passkey_forms.js").PasskeyServices} PasskeyServices */
/**
 * @typedef {{
 *   keys: KeyRing, keyFiles: KeyFiles, translate: Catalogue, attempt: Attempt, announce: Announce,
 *   address: string | null,
 * } & PasskeyServices} PasskeyOfferServices
 */

/** The name under which the browser notes that the person has answered. */
const ANSWERED = "sealwax-passkey-answered";

/** Dispatches "change" when the offer appears or goes. */
export class PasskeyOffer extends EventTarget {
  #services;
  #isShown = false;

  /** @param {PasskeyOfferServices} services */
  constructor(services) {
    super();
    this.#services = services;
    services.keys.addEventListener("change", () => void this.#consider());
  }

  /** The notice, if the person has not answered yet. @returns {HTMLElement[]} */
  notices() {
    return this.#isShown ? [this.#create()] : [];
  }

  async #consider() {
    const { keys, keyFiles } = this.#services;
    if (keys.way !== "passphrase" || keyFiles.canEnrol) return this.#show(false);
    if (this.#isShown || (await this.#isAnswered()) || !(await canKeepPasskey(this.#services))) return;
    if (!(await isPasskeyKept(this.#services)) && keys.way === "passphrase") this.#show(true);
  }

  #create() {
    const { translate } = this.#services;
    const failure = problem("passkey-offer-error");
    const accept = html("button", {
      type: "button", text: translate("passkey_add"), data: { test: "passkey-accept" },
      on: {
        click: () => void this.#services.attempt(accept, translate("passkey_working"), failure, async () => {
          await addPasskey(this.#services);
          await this.answer();
          this.#services.announce(translate("passkey_kept"));
        }),
      },
    });
    return html(
      "div", { class: "notice", data: { test: "passkey-offer" } },
      html("p", { text: translate("passkey_offer") }), failure,
      html("div", { class: "actions" }, accept, html("button", {
        class: "quiet", type: "button", text: translate("not_now"), data: { test: "passkey-decline" }, on: { click: () => void this.answer() },
      })),
    );
  }

  /** Notes that the person has answered, here or in the view of the keys. */
  async answer() {
    try {
      localStorage.setItem(await this.#name(), "yes");
    } catch {
      // If the browser stores nothing, the offer comes again after the next passphrase.
    }
    this.#show(false);
  }

  async #isAnswered() {
    try {
      return localStorage.getItem(await this.#name()) !== null;
    } catch {
      return true;
    }
  }

  async #name() {
    return `${ANSWERED} ${await accountDigest(this.#services.address ?? "")}`;
  }

  /** @param {boolean} isShown */
  #show(isShown) {
    if (isShown === this.#isShown) return;
    this.#isShown = isShown;
    this.dispatchEvent(new Event("change"));
  }
}
