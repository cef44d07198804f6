/** The elements for the rarer options of a letter, under "More". They show and change the options of the composition. */

import { MoreOptions } from "../ui/more_options.js";

export class LetterOptions {
  #composition;
  #more;
  #shown = "";

  /**
   * @param {import("../ui/catalogue.js").Catalogue} translate
   * @param {import("./composition.js").Composition} composition
   * @param {Omit<ConstructorParameters<typeof MoreOptions>[1], "onChange">} options the options of `MoreOptions`
   */
  constructor(translate, composition, options) {
    this.#composition = composition;
    this.#more = new MoreOptions(translate, { ...options, onChange: () => this.#changed() });
    composition.addEventListener("change", () => this.#show());
    this.#show();
  }

  get element() {
    return this.#more.element;
  }

  lastingOff() {
    this.#more.lastingOff();
  }

  #changed() {
    const { chosen } = this.#more;
    this.#shown = JSON.stringify(chosen);
    this.#composition.set({ options: chosen });
  }

  #show() {
    const { options, sign } = this.#composition.values;
    const text = JSON.stringify(options);
    if (text !== this.#shown) this.#more.set(options);
    this.#shown = text;
    this.#more.show({ sign });
  }
}
