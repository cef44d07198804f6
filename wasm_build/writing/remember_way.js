/**
 * The choice whether the way to people without a certificate is remembered: only for this message, for these people, or
 * for everyone at their domains. It is shown while the message leaves unencrypted, or asks first, only because nothing was
 * found for them.
 */

import { html, uniqueId } from "../ui/dom.js";
import { listOf } from "../ui/formats.js";
import { domainOf } from "../ui/leaving_clear.js";

/** @typedef {import("../ui/leaving_clear.js").ClearWay} ClearWay */
/** @typedef {(names: string[], way: ClearWay) => unknown} Remember `names` are addresses, or "@" and domains */

export class RememberWay {
  #translate;
  #remember;
  /** @type {string[]} */
  #people = [];
  #select;

  /** @param {import("../ui/catalogue.js").Catalogue} translate @param {Remember} remember */
  constructor(translate, remember) {
    this.#translate = translate;
    this.#remember = remember;
    const id = uniqueId("remember");
    this.#select = html("select", { id, data: { test: "remember-way" } });
    this.element = html(
      "div", { class: "field remember-way", hidden: true }, html("label", { for: id, text: translate("remember_way") }), this.#select,
    );
  }

  /** Shows the choice for the people whose way is not remembered yet. @param {import("../ui/leaving_clear.js").Leaving} leaving */
  show(leaving) {
    const people = rememberedFor(leaving);
    this.element.hidden = people.length === 0;
    // A choice that was made for other people does not count for these.
    if (people.join() === this.#people.join()) return;
    this.#people = people;
    this.#select.replaceChildren(...this.#options());
  }

  /** Remembers the way that the message has gone, if the person wants it. @param {ClearWay} way */
  keep(way) {
    const chosen = { people: this.#people, domains: this.#domains }[this.#select.value] ?? [];
    if (chosen.length > 0) this.#remember(chosen, way);
  }

  get #domains() {
    return [...new Set(this.#people.map((address) => `@${domainOf(address)}`))];
  }

  #options() {
    const translate = this.#translate;
    const option = (/** @type {string} */ value, /** @type {string} */ text) => html("option", { value, text });
    const domains = this.#domains.map((name) => name.slice(1));
    return [
      option("", translate("remember_once")), option("people", translate("remember_people", { who: listOf(this.#people, translate) })),
      option("domains", translate("remember_domains", { domains: listOf(domains, translate) })),
    ];
  }
}

/**
 * The people whose way can be remembered. A cause to ask about is never remembered.
 * @param {import("../ui/leaving_clear.js").Leaving} leaving
 */
function rememberedFor(leaving) {
  if (leaving.kind === "clear") return leaving.unasked;
  if (leaving.kind !== "ask" || leaving.answersEncrypted) return [];
  const isOrdinary = leaving.causes.every(({ state }) => state === "never-found");
  return isOrdinary ? leaving.causes.map(({ address }) => address) : [];
}
