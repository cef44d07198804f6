/** The button that shows the list of a folder by threads. Only an answer shows whether the mail server has threads. */

import { iconButton } from "../../app/act_icons.js";
import { chooseThreads, hasThreads } from "../list_choices.js";

/**
 * @typedef {{
 *   translate: import("../../../../wasm_build/ui/catalogue.js").Catalogue,
 *   announceHere: import("../../app/services.js").Announce,
 *   kept: Pick<import("../../trust/kept_trust.js").KeptTrust, "keeping">,
 * }} ThreadsServices
 */

export class ThreadsButton {
  #services;
  #onChoose;

  /** @param {ThreadsServices} services @param {(isThreaded: boolean) => void} onChoose */
  constructor(services, onChoose) {
    this.#services = services;
    this.#onChoose = onChoose;
    this.element = iconButton("threads", services.translate("threads"), "threads", {
      "aria-pressed": String(hasThreads()), on: { click: () => this.#press() },
    });
  }

  /** Says that the mail server has no threads. */
  showNotOffered() {
    this.element.setAttribute("aria-pressed", "false");
    this.element.setAttribute("aria-disabled", "true");
    this.element.title = this.#services.translate("threads_not_offered");
  }

  #press() {
    if (this.element.getAttribute("aria-disabled") === "true") return this.#services.announceHere(this.element.title);
    const isThreaded = this.element.getAttribute("aria-pressed") !== "true";
    this.element.setAttribute("aria-pressed", String(isThreaded));
    chooseThreads(isThreaded, this.#services.kept.keeping !== "off");
    this.#onChoose(isThreaded);
  }
}
