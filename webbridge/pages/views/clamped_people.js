/** The people of a header field. Of a long list, the first ones are shown, and a button shows all. */

import { peopleText } from "../../../wasm_build/ui/answer.js";
import { html } from "../../../wasm_build/ui/dom.js";

const SHOWN_PEOPLE = 5;
/** A list with one or two more people is shown whole, because the button would need the same room. */
const SPARE_PEOPLE = 2;

/**
 * @param {import("../app.js").App["translate"]} translate
 * @param {import("../../../wasm_build/ui/answer.js").FieldPeople} people of a To or Cc field
 * @returns {(Node | string)[]}
 */
export function createPeople(translate, people) {
  const { count, mailboxes } = people;
  if (count <= SHOWN_PEOPLE + SPARE_PEOPLE) return [peopleText(people)];
  const text = html("span", { text: `${peopleText({ count: SHOWN_PEOPLE, mailboxes: mailboxes.slice(0, SHOWN_PEOPLE) })} ` });
  const more = html("button", {
    type: "button", class: "quiet more-people", text: translate("people_more", { count: count - SHOWN_PEOPLE }),
    data: { test: "more-people" },
    on: {
      click: () => {
        text.textContent = peopleText(people);
        text.tabIndex = -1;
        more.remove();
        text.focus();
      },
    },
  });
  return [text, more];
}
