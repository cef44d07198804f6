/** The outbox: the letters that wait, each with its state, and what the person can do with it. */

import { html, problem } from "../../../../wasm_build/ui/dom.js";
import { isolate, listOf, number, shortMoment } from "../../../../wasm_build/ui/formats.js";
import { ask } from "../../../../wasm_build/ui/ask.js";
import { actIcon } from "../../app/act_icons.js";
import { isDue } from "../../offline/due_times.js";
import { proposalOf } from "./taken_back.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../offline/away.js").Away} Away */
/** @typedef {{translate: Catalogue, away: Away}} OutboxLinkServices */
/** @typedef {import("../../offline/outbox.js").Letter} Letter */
/**
 * `hasDraft` says whether a letter is begun in the writing view.
 * @typedef {OutboxLinkServices & import("./taken_back.js").RewritingServices & {
 *   sentenceFor: import("../../app/services.js").SentenceFor,
 *   attempt: import("../../app/services.js").Attempt, write: import("../../app/services.js").Write, mailPath: () => string,
 *   hasDraft: () => boolean,
 * }} OutboxServices
 */

/** @param {OutboxServices} services @returns {import("../../app/services.js").View} */
export function createOutboxView(services) {
  const { translate, away: { outbox } } = services;
  const heading = html("h1", { tabindex: -1, text: translate("outbox_title") });
  const list = html("ul", { class: "cards" });
  const failure = problem("outbox-error");
  const empty = html("p", { class: "empty" });
  const draw = () => {
    const focused = list.contains(document.activeElement);
    list.replaceChildren(...outbox.letters.map((letter) => createCard(services, letter, failure)));
    empty.textContent = translate(outbox.lockedCount > 0 ? "outbox_locked" : "outbox_empty");
    empty.hidden = outbox.letters.length > 0;
    // The button that had the focus was removed with its card.
    if (focused) heading.focus();
  };
  draw();
  outbox.addEventListener("change", draw);
  void outbox.refresh();
  const element = html(
    "div", { class: "narrow stack", data: { test: "outbox-view" } },
    heading, html("p", { class: "lede", text: translate("outbox_meaning") }), failure, list, empty,
    html("div", { class: "actions" }, html("a", { class: "button", href: `#${services.mailPath()}`, text: translate("to_the_mail") })),
  );
  return { element, heading, titleKey: "outbox_title", close: () => outbox.removeEventListener("change", draw) };
}

/** The link to the outbox beside the folders. It is hidden while the outbox is empty. @param {OutboxLinkServices} services */
export function createOutboxLink(services) {
  const { translate, away: { outbox } } = services;
  const count = html("span", { class: "count" });
  const element = html(
    "a", { class: "folder", href: "#/outbox", hidden: true, data: { test: "outbox-link" } },
    actIcon("outbox"), html("span", { class: "folder-name", text: translate("outbox_title") }), count,
  );
  const draw = () => {
    element.hidden = outbox.letters.length === 0;
    count.textContent = number(outbox.letters.length);
  };
  draw();
  outbox.addEventListener("change", draw);
  return { element, dispose: () => outbox.removeEventListener("change", draw) };
}

/**
 * The notice that a letter waits for its time, or for a connection.
 * @param {Catalogue} translate
 * @param {{until: number} | null} delay null for a connection
 * @param {() => void} view
 * @returns {import("./sent_notice.js").SentNotice}
 */
export function waitingNotice(translate, delay, view) {
  const text = delay ? translate("later_added", { time: momentOf(delay.until) }) : translate("outbox_added");
  return { text, label: translate("outbox_title"), view };
}

/** @param {number} time */
function momentOf(time) {
  return shortMoment(new Date(time).toISOString());
}

/** @param {OutboxServices} services @param {Letter} letter @param {HTMLElement} failure */
function createCard(services, letter, failure) {
  const { translate, away: { outbox } } = services;
  const { id, words, state, problem: code } = letter;
  // An earlier version of the pages kept the people as texts.
  const people = [...words.to, ...words.cc ?? [], ...words.bcc ?? []].map((entry) => (typeof entry === "string" ? entry : entry.address));
  const sentence = state === "refused" && code ? `${translate("outbox_refused")} ${services.sentenceFor({ code })}` : stateSentence(translate, letter);
  const button = (/** @type {string} */ key, /** @type {string} */ test, /** @type {() => Promise<void>} */ act) => {
    const made = html("button", { type: "button", text: translate(key), data: { test } });
    made.addEventListener("click", () => void services.attempt(made, translate("outbox_working"), failure, act));
    return made;
  };
  const change = button("outbox_change", "outbox-change", async () => {
    const proposal = services.hasDraft() ? null : await outbox.hold(id);
    if (proposal) services.write(await proposalOf(services, proposal));
    else failure.textContent = translate(services.hasDraft() ? "outbox_other_letter" : "outbox_busy");
  });
  const isLater = waitsForTime(letter);
  const send = button(isLater ? "outbox_send_now" : "send", "outbox-send", async () => {
    if (state !== "unknown") return outbox.release(letter);
    ask({
      title: translate("send_again_question"), meaning: translate("error_sending_unknown"), keep: translate("keep"),
      go: translate("send_again"), test: "outbox-send-again", onGo: () => void outbox.release(letter),
    });
  });
  const remove = html("button", {
    type: "button", class: "danger-text", text: translate("delete"), data: { test: "outbox-delete" },
    on: { click: () => ask({
      title: translate("outbox_delete_question"), meaning: translate(state === "unknown" ? "outbox_delete_unknown" : "outbox_delete_meaning"),
      keep: translate("keep"), go: translate("delete"), test: "outbox-delete-go", isDanger: true,
      onGo: () => void outbox.remove(id).catch((error) => { failure.textContent = services.sentenceFor(error); }),
    }) },
  });
  return html(
    "li", { class: "card", data: { test: "outbox-letter", state } },
    html("h2", { class: "card-title", dir: "auto", text: words.subject || translate("no_subject") }),
    html("p", { text: translate("to_whom", { who: listOf(people.map(isolate), translate) }) }),
    html("p", { text: sentence, data: { test: "outbox-state" } }),
    html("div", { class: "actions" }, ...(outbox.mayChange(letter) ? [change] : []), ...((state === "waiting" && !isLater) || !outbox.isWhole(letter) ? [] : [send]), remove),
  );
}

/** @param {Catalogue} translate @param {Letter} letter */
function stateSentence(translate, { state, wait = null }) {
  if (state !== "waiting" || wait === null || isDue(wait, Date.now())) return translate(`outbox_${state}`);
  return wait.kind === "later" ? translate("outbox_later", { time: momentOf(wait.until) }) : translate("outbox_soon");
}

/** Whether a letter waits for a time that the person has chosen. @param {Letter} letter */
function waitsForTime({ state, wait = null }) {
  return state === "waiting" && wait?.kind === "later" && !isDue(wait, Date.now());
}
