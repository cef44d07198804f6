/** The field above the list by which the mail server searches a folder. */

import { html, uniqueId } from "../../../wasm_build/ui/dom.js";
import { createForm } from "../../../wasm_build/ui/parts.js";
import { actIcon } from "../act_icons.js";

/** @typedef {import("../mail_changes.js").AnyPlace} AnyPlace */
/** Whether the index of encrypted mail takes part in searches. @typedef {"open" | "locked" | "none"} IndexState */

/** @type {AnyPlace[]} */
const PLACES = ["text", "subject", "from", "body", "here"];
const MAX_CHARACTERS = 200;
/** The sentence that says who has searched. */
const MEANINGS = { open: "search_meaning_index", locked: "search_meaning_locked", none: "search_meaning" };

/**
 * @param {import("../../../wasm_build/ui/catalogue.js").Translate} translate
 * @param {(words: {place: AnyPlace, text: string} | null) => void} onSearch gets null when the search ends
 * @param {() => IndexState} indexState
 */
export function createSearchBox(translate, onSearch, indexState) {
  const inputId = uniqueId("search");
  const input = html("input", {
    id: inputId, type: "search", maxlength: MAX_CHARACTERS, autocomplete: "off", dir: "auto", enterkeyhint: "search",
    placeholder: translate("search_folder"), "aria-label": translate("search_folder"), data: { test: "search" },
  });
  const place = html("select", { "aria-label": translate("search_where"), data: { test: "search-where" } },
    ...PLACES.map((one) => html("option", { value: one, text: translate(`search_in_${one}`) })));
  const note = html("p", { class: "note search-note", role: "status", data: { test: "search-note" } });
  let isSearching = false;
  const clear = html("button", {
    type: "button", class: "quiet", text: translate("search_end"), hidden: true, data: { test: "search-end" },
    on: { click: () => end() },
  });
  const go = html("button", { type: "submit", class: "quiet", "aria-label": translate("search_go") }, actIcon("search"));
  const search = () => {
    const words = input.value.trim();
    if (!words) return end();
    isSearching = true;
    clear.hidden = false;
    note.textContent = "";
    onSearch({ place: /** @type {AnyPlace} */ (place.value), text: words });
  };
  const end = () => {
    const was = isSearching;
    reset();
    if (was) onSearch(null);
  };
  const reset = () => {
    isSearching = false;
    input.value = "";
    clear.hidden = true;
    note.textContent = "";
  };
  place.addEventListener("change", () => { if (isSearching) search(); });
  const form = createForm({ class: "search-box", role: "search" }, search, input, place, go, clear);
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    event.preventDefault();
    end();
    input.blur();
  });
  const box = {
    element: html("div", { class: "search" }, form, note),
    focus: () => input.focus(),
    reset,
    end,
    get isSearching() { return isSearching; },
    /** Offers the search that only this device does, while it can. */
    update() {
      const here = /** @type {HTMLOptionElement} */ (place.options[PLACES.indexOf("here")]);
      here.hidden = here.disabled = indexState() !== "open";
      if (here.hidden && place.value === "here") place.value = "text";
    },
    /** Says how many messages were found. @param {number} count */
    tell(count) {
      if (!isSearching) return;
      const meaning = place.value === "here" ? "search_meaning_here" : MEANINGS[indexState()];
      note.textContent = `${translate("search_found", { count })} ${translate(meaning)}`;
    },
  };
  box.update();
  return box;
}
