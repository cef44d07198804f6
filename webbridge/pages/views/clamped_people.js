/** The people of a header field. Of a long list, the first ones are shown, and a button shows the others that are listed. */

import { mailboxText } from "../../../wasm_build/ui/answer.js";
import { beginningOf } from "../../../wasm_build/ui/bounded_text.js";
import { html } from "../../../wasm_build/ui/dom.js";

/** @typedef {import("../../../wasm_build/ui/answer.js").FieldPeople} FieldPeople */

const SHOWN_PEOPLE = 5;
/** A list with one or two more people is shown whole, because the button would need the same room. */
const SPARE_PEOPLE = 2;
const MAX_PERSON_CHARACTERS = 200;

/**
 * @param {import("../app.js").App["translate"]} translate
 * @param {FieldPeople} people of a To or Cc field
 * @returns {(Node | string)[]}
 */
export function createPeople(translate, { count, mailboxes }) {
  const listed = mailboxes.map((one) => beginningOf(mailboxText(one), MAX_PERSON_CHARACTERS));
  if (count <= SHOWN_PEOPLE + SPARE_PEOPLE) return [listed.join(", ")];
  const text = html("span", { text: `${listed.slice(0, SHOWN_PEOPLE).join(", ")} ` });
  const more = html("button", {
    type: "button", class: "quiet more-people", text: translate("people_more", { count: count - SHOWN_PEOPLE }),
    data: { test: "more-people" },
    on: {
      click: () => {
        const left = count - listed.length;
        const rest = left > 0 ? ` ${translate("people_not_listed", { count: left })}` : "";
        text.textContent = `${listed.join(", ")}${rest}`;
        text.tabIndex = -1;
        more.remove();
        text.focus();
      },
    },
  });
  return [text, more];
}
