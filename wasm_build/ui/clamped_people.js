/** The people of a header field. A long list shows its first people, and a button shows the other listed people. */

import { mailboxText } from "./answer.js";
import { beginningOf } from "./bounded_text.js";
import { html } from "./dom.js";

/** @typedef {import("./answer.js").FieldPeople} FieldPeople */
/** @typedef {(count: number) => string} Counted */

const SHOWN_PEOPLE = 5;
/** A list that is longer by only one or two people is shown whole, because the button would need the same space. */
const SPARE_PEOPLE = 2;
/** The longest name plus the longest address (RFC 5321 section 4.5.3.1), because the domain is at the end of an address. */
const MAX_PERSON_CHARACTERS = 550;

/**
 * @param {FieldPeople} people of a To or Cc field
 * @param {{more: Counted, unlisted: Counted}} words the words on the button, and the words for people that only the source names
 * @returns {(Node | string)[]}
 */
export function createPeople({ count, mailboxes }, { more: onButton, unlisted }) {
  const listed = mailboxes.map((mailbox) => beginningOf(mailboxText(mailbox), MAX_PERSON_CHARACTERS));
  if (count <= SHOWN_PEOPLE + SPARE_PEOPLE) return [listed.join(", ")];
  const text = html("span", { text: `${listed.slice(0, SHOWN_PEOPLE).join(", ")} ` });
  const more = html("button", {
    type: "button", class: "quiet more-people", text: onButton(count - SHOWN_PEOPLE),
    data: { test: "more-people" },
    on: {
      click: () => {
        const left = count - listed.length;
        const rest = left > 0 ? ` ${unlisted(left)}` : "";
        text.textContent = `${listed.join(", ")}${rest}`;
        text.tabIndex = -1;
        more.remove();
        text.focus();
      },
    },
  });
  return [text, more];
}
