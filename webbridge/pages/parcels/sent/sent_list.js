/** The list of the parcels that the account has sent, the newest first. */

import { html, sentenceNodes } from "../../../../wasm_build/ui/dom.js";
import { size, technical } from "../../../../wasm_build/ui/formats.js";
import { ParcelCard } from "./parcel_card.js";
import { attempt, parcelSentence } from "./parcel_errors.js";

/** @typedef {import("./parcels_sent.js").Given} Given */

const COMMAND = "sealwax deliver send";

export class SentList {
  #given;
  #failure;
  #again;
  #more;
  #cards = html("ul", { class: "cards" });
  #note = html("p", { class: "note" });
  #empty;
  /** The ids of the shown parcels. */
  #shown = new Set();
  /** @type {string | null} */
  #next = null;

  /** @param {Given} given */
  constructor(given) {
    const { services: { translate }, parts } = given;
    this.#given = given;
    this.#failure = parts.problem("sent-parcels-error");
    this.#again = html("button", {
      type: "button", text: translate("try_again"), hidden: true, data: { test: "sent-parcels-again" }, on: { click: () => void this.#load() },
    });
    this.#more = html("button", {
      type: "button", text: translate("show_more"), hidden: true, data: { test: "sent-parcels-more" },
      on: { click: () => void this.#loadMore() },
    });
    this.#empty = html(
      "div", { class: "stack", hidden: true, data: { test: "sent-parcels-empty" } },
      html("p", { class: "empty", text: translate("sent_parcels_empty") }),
      html("p", { class: "empty" }, ...sentenceNodes(translate("sent_parcels_empty_how", { command: technical(COMMAND) }))),
    );
    this.element = html(
      "section", { class: "stack", "aria-label": translate("sent_parcels"), "aria-busy": "true", data: { test: "sent-parcels" } },
      this.#failure, this.#cards, this.#empty, this.#note, html("div", { class: "actions" }, this.#again, this.#more),
    );
    this.#note.textContent = translate("loading");
    void this.#load();
  }

  async #load() {
    const { services } = this.#given;
    this.#failure.textContent = "";
    this.#again.hidden = true;
    try {
      const page = await services.api.parcels.list();
      this.#add(page);
      this.#empty.hidden = this.#shown.size > 0;
      this.#note.textContent = page.used > 0 ? services.translate("sent_parcels_used", { used: size(page.used), quota: size(page.quota) }) : "";
    } catch (error) {
      this.#note.textContent = "";
      this.#failure.textContent = parcelSentence(services, error);
      this.#again.hidden = false;
    }
    this.element.setAttribute("aria-busy", "false");
  }

  async #loadMore() {
    const { services } = this.#given;
    await attempt(this.#given, { button: this.#more, busy: services.translate("loading"), failure: this.#failure }, async () => {
      const before = this.#shown.size;
      const added = this.#add(await services.api.parcels.list(this.#next ?? undefined));
      services.announceHere(services.translate("sent_parcels_added", { count: this.#shown.size - before }));
      // The button moves, or is hidden.
      added[0]?.focus();
    });
  }

  /** @param {import("../parcel_requests.js").ParcelPage} page */
  #add({ parcels, next }) {
    const added = parcels.filter(({ id }) => !this.#shown.has(id)).map((parcel) => new ParcelCard(this.#given, parcel));
    for (const { id } of parcels) this.#shown.add(id);
    this.#cards.append(...added.map(({ element }) => element));
    this.#next = next;
    this.#more.hidden = next === null;
    return added;
  }
}

