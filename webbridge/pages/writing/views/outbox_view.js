/** The outbox: the letters that wait for a connection, each with its state, and what the person can do with it. */

import { html } from "../../../../wasm_build/ui/dom.js";
import { isolate, listOf } from "../../../../wasm_build/ui/formats.js";
import { ask, problem } from "../../../../wasm_build/ui/parts.js";
import { mailboxesOf } from "../../drafts/draft_content.js";

/** @typedef {import("../../app/app.js").App} App */
/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../offline/away.js").Away} Away */
/** @typedef {{translate: Catalogue, away: Away}} OutboxLinkServices */
/** @typedef {import("../../offline/outbox.js").Letter} Letter */

/**
 * @param {App} app
 * @returns {import("../../app/app.js").View}
 */
export function createOutboxView(app) {
  const { translate, away: { outbox } } = app;
  const heading = html("h1", { tabindex: -1, text: translate("outbox_title") });
  const list = html("ul", { class: "cards" });
  const failure = problem("outbox-error");
  const empty = html("p", { class: "empty", text: translate("outbox_empty") });
  const draw = () => {
    const focused = list.contains(document.activeElement);
    list.replaceChildren(...outbox.letters.map((letter) => createCard(app, letter, failure)));
    empty.hidden = outbox.letters.length > 0;
    // The button that had the focus is gone with its card.
    if (focused) heading.focus();
  };
  draw();
  outbox.addEventListener("change", draw);
  void outbox.refresh();
  const back = html("a", { class: "button", href: `#${app.mailPath()}`, text: translate("to_the_mail") });
  const element = html(
    "div", { class: "narrow stack", data: { test: "outbox-view" } },
    heading, html("p", { class: "lede", text: translate("outbox_meaning") }), failure, list, empty, html("div", { class: "actions" }, back),
  );
  return { element, heading, titleKey: "outbox_title", close: () => outbox.removeEventListener("change", draw) };
}

/** The link to the outbox beside the folders. It is hidden while the outbox is empty. @param {OutboxLinkServices} services */
export function createOutboxLink(services) {
  const { translate, away: { outbox } } = services;
  const count = html("span", { class: "count" });
  const element = html(
    "a", { class: "folder", href: "#/outbox", hidden: true, data: { test: "outbox-link" } },
    html("span", { class: "folder-name", text: translate("outbox_title") }), count,
  );
  const draw = () => {
    element.hidden = outbox.letters.length === 0;
    count.textContent = new Intl.NumberFormat(translate.locale).format(outbox.letters.length);
  };
  draw();
  outbox.addEventListener("change", draw);
  return { element, dispose: () => outbox.removeEventListener("change", draw) };
}

/** The notice that a letter waits. @param {App} app @returns {import("./sent_notice.js").SentNotice} */
export function waitingNotice(app) {
  return { text: app.translate("outbox_added"), label: app.translate("outbox_title"), view: () => app.navigate("/outbox") };
}

/** @param {App} app @param {Letter} letter @param {HTMLElement} failure */
function createCard(app, letter, failure) {
  const { translate, away: { outbox } } = app;
  const { id, words, state, problem: code } = letter;
  // An earlier version has kept the people as texts.
  const people = [...words.to, ...words.cc ?? [], ...words.bcc ?? []].map((one) => (typeof one === "string" ? one : one.address));
  const sentence = state === "refused" && code ? `${translate("outbox_refused")} ${app.sentenceFor({ code })}` : translate(`outbox_${state}`);
  const button = (/** @type {string} */ key, /** @type {string} */ test, /** @type {() => Promise<void>} */ act) => {
    const made = html("button", { type: "button", text: translate(key), data: { test } });
    made.addEventListener("click", () => void app.attempt(made, translate("outbox_working"), failure, act));
    return made;
  };
  const change = button("outbox_change", "outbox-change", async () => {
    const proposal = app.hasDraft() ? null : await outbox.hold(id);
    if (proposal) app.write(await withMailboxes(app, proposal));
    else failure.textContent = translate(app.hasDraft() ? "outbox_other_letter" : "outbox_busy");
  });
  const send = button("outbox_send", "outbox-send", async () => {
    if (state !== "unknown") return outbox.release(letter);
    ask({
      title: translate("send_again_question"), meaning: translate("error_sending_unknown"), keep: translate("keep"),
      go: translate("send_again"), test: "outbox-send-again", onGo: () => void outbox.release(letter),
    });
  });
  const remove = html("button", {
    type: "button", class: "danger-text", text: translate("outbox_delete"), data: { test: "outbox-delete" },
    on: { click: () => ask({
      title: translate("outbox_delete_question"), meaning: translate(state === "unknown" ? "outbox_delete_unknown" : "outbox_delete_meaning"),
      keep: translate("keep"), go: translate("outbox_delete"), test: "outbox-delete-go", isDanger: true,
      onGo: () => void outbox.remove(id).catch((error) => { failure.textContent = app.sentenceFor(error); }),
    }) },
  });
  const subject = words.subject || translate("no_subject");
  return html(
    "li", { class: "card", data: { test: "outbox-letter", state } },
    html("h2", { class: "card-title", dir: "auto", text: subject }),
    html("p", { text: translate("outbox_to", { who: listOf(people.map(isolate), translate) }) }),
    html("p", { text: sentence, data: { test: "outbox-state" } }),
    html("div", { class: "actions" }, ...(outbox.mayChange(letter) ? [change] : []), ...(state === "waiting" || !outbox.isWhole(letter) ? [] : [send]), remove),
  );
}

/**
 * The words of a waiting letter as a proposal for the writing view.
 * @param {App} app @param {import("../../offline/outbox.js").Held} held
 * @returns {Promise<import("./writing_view.js").Proposal>}
 */
async function withMailboxes(app, { to, cc = [], bcc = [], ...held }) {
  const read = (/** @type {string[]} */ texts) => app.mailVault.readAddresses(texts);
  const [open = [], copied = [], hidden = []] = await Promise.all([to, cc, bcc].map((line) => mailboxesOf(line, read)));
  return { ...held, to: open, cc: copied, bcc: hidden };
}
