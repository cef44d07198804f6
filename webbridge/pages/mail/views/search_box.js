/** The field above the list for searching a folder. */

import { createForm, html, uniqueId } from "../../../../wasm_build/ui/dom.js";
import { actIcon } from "../../app/act_icons.js";

/** @typedef {import("../mail_changes.js").AnyPlace} AnyPlace */
/** Whether the index of encrypted mail takes part in searches. @typedef {"open" | "locked" | "none"} IndexState */

/** @type {AnyPlace[]} */
const PLACES = ["text", "subject", "from", "body", "here"];
const MAX_CHARACTERS = 200;
/** The sentences that say whether only the mail server has searched, or the index too. */
const MEANINGS = { open: "search_meaning_index", locked: "search_meaning_locked", none: "search_meaning" };

export class SearchBox {
  #translate;
  #onSearch;
  #indexState;
  #input;
  #place;
  #clear;
  #note = html("p", { class: "note search-note", role: "status", data: { test: "search-note" } });
  #isSearching = false;

  /**
   * @param {import("../../../../wasm_build/ui/catalogue.js").Translate} translate
   * @param {(words: {place: AnyPlace, text: string} | null) => void} onSearch gets null when the search ends
   * @param {() => IndexState} indexState
   */
  constructor(translate, onSearch, indexState) {
    this.#translate = translate;
    this.#onSearch = onSearch;
    this.#indexState = indexState;
    this.#input = createInput(translate);
    this.#place = createPlaceChoice(translate);
    this.#place.addEventListener("change", () => { if (this.#isSearching) this.#search(); });
    this.#clear = html("button", {
      type: "button", class: "quiet", text: translate("search_end"), hidden: true, data: { test: "search-end" },
      on: { click: () => this.end() },
    });
    this.element = html("div", { class: "search" }, this.#createForm(), this.#note);
    this.update();
  }

  get isSearching() {
    return this.#isSearching;
  }

  focus() {
    this.#input.focus();
  }

  end() {
    const was = this.#isSearching;
    this.reset();
    if (was) this.#onSearch(null);
  }

  reset() {
    this.#isSearching = false;
    this.#input.value = "";
    this.#clear.hidden = true;
    this.#note.textContent = "";
  }

  /** Offers the search on this device only, as long as it is possible. */
  update() {
    const here = /** @type {HTMLOptionElement} */ (this.#place.options[PLACES.indexOf("here")]);
    here.hidden = here.disabled = this.#indexState() !== "open";
    if (here.hidden && this.#place.value === "here") this.#place.value = "text";
  }

  /** Says how many messages were found. @param {number} count */
  tell(count) {
    if (!this.#isSearching) return;
    const meaning = this.#place.value === "here" ? "search_meaning_here" : MEANINGS[this.#indexState()];
    this.#note.textContent = `${this.#translate("search_found", { count })} ${this.#translate(meaning)}`;
  }

  #createForm() {
    const form = createForm(
      { class: "search-box", role: "search" }, () => this.#search(), this.#input, this.#place,
      html("button", { type: "submit", class: "quiet", "aria-label": this.#translate("search") }, actIcon("search")), this.#clear,
    );
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.isComposing) return;
      event.preventDefault();
      this.end();
      this.#input.blur();
    });
    return form;
  }

  #search() {
    const words = this.#input.value.trim();
    if (!words) return this.end();
    this.#isSearching = true;
    this.#clear.hidden = false;
    this.#note.textContent = "";
    this.#onSearch({ place: /** @type {AnyPlace} */ (this.#place.value), text: words });
  }
}

/** @param {import("../../../../wasm_build/ui/catalogue.js").Translate} translate */
function createInput(translate) {
  return html("input", {
    id: uniqueId("search"), type: "search", maxlength: MAX_CHARACTERS, autocomplete: "off", dir: "auto", enterkeyhint: "search",
    placeholder: translate("search_folder"), "aria-label": translate("search_folder"), data: { test: "search" },
  });
}

/** @param {import("../../../../wasm_build/ui/catalogue.js").Translate} translate */
function createPlaceChoice(translate) {
  return html("select", { "aria-label": translate("search_where"), data: { test: "search-where" } },
    ...PLACES.map((place) => html("option", { value: place, text: translate(`search_in_${place}`) })));
}
