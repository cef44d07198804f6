/** The people of a header field. Of a long list, the first ones are shown, and a button shows the others that are listed. */

import { beginningOf } from "../../../wasm_build/ui/bounded_text.js";
import { html } from "../../../wasm_build/ui/dom.js";
import { readMailboxes, writeMailbox } from "../../../wasm_build/ui/formats.js";

/** The mailboxes of a field, of which only the first are listed. @typedef {{count: number, mailboxes: import("../../../wasm_build/ui/formats.js").Mailbox[]}} FieldPeople */

const SHOWN_PEOPLE = 5;
/** A list with one or two more people is shown whole, because the button would need the same room. */
const SPARE_PEOPLE = 2;
const LISTED_PEOPLE = 200;
const MAX_PERSON_CHARACTERS = 200;

/**
 * @param {import("../app.js").App["translate"]} translate
 * @param {FieldPeople} people of a To or Cc field
 * @returns {(Node | string)[]}
 */
export function createPeople(translate, { count, mailboxes }) {
  const listed = mailboxes.map((one) => beginningOf(writeMailbox(one), MAX_PERSON_CHARACTERS));
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

/** The people in the value of a field. @param {string} value @returns {FieldPeople} */
export function peopleIn(value) {
  const mailboxes = readMailboxes(value);
  return { count: mailboxes.length, mailboxes: mailboxes.slice(0, LISTED_PEOPLE) };
}
