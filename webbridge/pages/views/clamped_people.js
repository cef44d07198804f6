/** The people of a header field. Of a long list, the first ones are shown, and a button shows all. */

import { html } from "../../../wasm_build/ui/dom.js";
import { readMailboxes, writeMailbox } from "../../../wasm_build/ui/formats.js";

const SHOWN_PEOPLE = 5;
/** A list with one or two more people is shown whole, because the button would need the same room. */
const SPARE_PEOPLE = 2;

/**
 * @param {import("../app.js").App["translate"]} translate
 * @param {string} value of a To or Cc field
 * @returns {(Node | string)[]}
 */
export function createPeople(translate, value) {
  const people = readMailboxes(value);
  if (people.length <= SHOWN_PEOPLE + SPARE_PEOPLE) return [value];
  const first = people.slice(0, SHOWN_PEOPLE).map(writeMailbox).join(", ");
  const text = html("span", { text: `${first} ` });
  const more = html("button", {
    type: "button", class: "quiet more-people", text: translate("people_more", { count: people.length - SHOWN_PEOPLE }),
    data: { test: "more-people" },
    on: {
      click: () => {
        text.textContent = value;
        text.tabIndex = -1;
        more.remove();
        text.focus();
      },
    },
  });
  return [text, more];
}
