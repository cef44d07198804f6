/**
 * The questions above a letter that answers a message: about recipients that only unprotected fields of the message
 * name, and about another address for replies. Each is a note of `LetterView` that is removed when it is answered.
 */

import { html } from "../ui/dom.js";
import { isolate, listOf, sameAddress } from "../ui/formats.js";
import { replyToQuestion } from "../ui/reply_to_note.js";

/** @typedef {import("../ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../ui/formats.js").Mailbox} Mailbox */
/** @typedef {import("./letter_view.js").LetterView} LetterView */

/**
 * Asks before doubtful recipients are added, because somebody who could change the message on its way may have added
 * them. A draft whose doubtful recipients were settled does not ask again.
 * @param {Catalogue} translate @param {LetterView} view @param {import("./composition.js").Composition} composition
 */
export function askDoubtful(translate, view, composition) {
  const { to, cc } = composition.proposal.doubtful ?? { to: [], cc: [] };
  if (to.length + cc.length === 0) return;
  const { recipients } = view;
  const end = () => {
    view.note("doubtful");
    composition.settleDoubtful();
    recipients.to.focus();
  };
  const add = () => {
    for (const mailbox of to) recipients.to.add(mailbox);
    for (const mailbox of cc) recipients.cc.add(mailbox);
    end();
  };
  const button = (/** @type {string} */ key, /** @type {string} */ test, /** @type {() => void} */ click) =>
    html("button", { type: "button", text: translate(key), data: { test }, on: { click } });
  view.note(
    "doubtful",
    html("p", {
      class: "warning",
      text: translate("doubtful_recipients", { who: listOf([...to, ...cc].map(({ address }) => isolate(address)), translate) }),
    }),
    html("div", { class: "actions" }, button("doubtful_leave", "doubtful-leave", end), button("doubtful_add", "doubtful-add", add)),
  );
}

/**
 * Asks where a reply goes if the message asks for replies to another address than its sender's.
 * @param {Catalogue} translate @param {LetterView} view @param {{senders?: Mailbox[], replyTo?: Mailbox[]}} answer
 */
export function askReplyTo(translate, view, { senders = [], replyTo = [] }) {
  if (replyTo.length === 0 || senders.length === 0) return;
  const { to } = view.recipients;
  const isSender = (/** @type {string} */ address) => senders.some((sender) => sameAddress(sender.address, address));
  const end = () => {
    view.note("reply-to");
    to.focus();
  };
  const onKeep = () => {
    // A sender who is not proved is added to the line only now.
    for (const sender of senders) to.add(sender);
    end();
  };
  const onTake = () => {
    for (const person of [...to.people]) if (isSender(person.address)) to.remove(person);
    for (const mailbox of replyTo) to.add(mailbox);
    end();
  };
  view.note("reply-to", ...replyToQuestion(translate, { senders, replyTo }, { onKeep, onTake }));
}
