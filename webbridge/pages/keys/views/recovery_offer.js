/** The offer of a recovery code for an account without one. It is made once, after the person has read a first message. */

import { html } from "../../../../wasm_build/ui/dom.js";
import { accountDigest } from "../../app/state_database.js";
import { keepText, keptText } from "../../app/kept_choice.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/**
 * @typedef {{
 *   translate: Catalogue, roamingKeys: import("../roaming_keys.js").RoamingKeys, address: string | null,
 *   navigate: import("../../app/services.js").Navigate, learnt: import("../../trust/learnt_rows.js").LearntRows,
 *   keys: import("../keys.js").KeyRing,
 * }} RecoveryOfferServices
 */

/** The name under which the browser notes that the person has answered. */
const ANSWERED = "sealwax-recovery-answered";

/** Dispatches "change" when the offer appears or goes. */
export class RecoveryOffer extends EventTarget {
  #services;
  #isShown = false;
  /** The account in which a message was read. @type {string | null} */
  #reader = null;

  /** @param {RecoveryOfferServices} services */
  constructor(services) {
    super();
    this.#services = services;
    services.learnt.addEventListener("opened", () => { this.#reader = services.address; });
    // A notice would move a message that is being read, so it waits until the person goes on.
    addEventListener("hashchange", () => void this.#consider());
    services.keys.addEventListener("change", () => void this.#consider());
  }

  /** @returns {HTMLElement[]} */
  notices() {
    return this.#isShown ? [this.#create()] : [];
  }

  async #consider() {
    const name = await this.#name();
    const { address, roamingKeys } = this.#services;
    const hasRead = address !== null && this.#reader === address;
    this.#show(hasRead && roamingKeys.account?.hasCode === false && keptText(name) === null);
  }

  #create() {
    const { translate } = this.#services;
    const act = (/** @type {string} */ label, /** @type {string} */ test, /** @type {() => void} */ click) =>
      html("button", { type: "button", text: translate(label), data: { test }, on: { click } });
    return html(
      "div", { class: "notice", data: { test: "recovery-offer" } }, html("p", { text: translate("recovery_code_offer") }),
      html("div", { class: "actions" },
        act("recovery_code_make", "recovery-offer-accept", () => {
          void this.#answer();
          this.#services.navigate("/settings/keys/key-account");
        }),
        act("not_now", "recovery-offer-decline", () => void this.#answer())),
    );
  }

  /** Notes that the person has answered. The view of the keys goes on offering a code. */
  async #answer() {
    this.#show(false);
    keepText(await this.#name(), "yes");
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
