/**
 * The lines above every view about messages that are sent in a few seconds, each with a button that takes its message back.
 * "Sent" is only said after the mail server has accepted the message.
 */

import { html, uniqueId } from "../../../../wasm_build/ui/dom.js";
import { duration } from "../../../../wasm_build/ui/formats.js";
import { isDue, secondsLeft } from "../../offline/due_times.js";
import { takeBack } from "./taken_back.js";

/** @typedef {import("../../offline/outbox.js").Letter} Letter */
/** @typedef {import("../../offline/outbox.js").LetterSentEvent} LetterSentEvent */
/** @typedef {import("../sending_requests.js").Submission} Submission */
/** @typedef {import("./sent_notice.js").SentNotice} SentNotice */
/** @typedef {Letter & {wait: import("../../offline/due_times.js").Wait}} SoonSent */
/**
 * @typedef {import("./taken_back.js").TakeBackServices & {
 *   keys: Pick<import("../../keys/keys.js").KeyRing, "addEventListener">, announce: import("../../app/services.js").Announce,
 * }} SendingBarServices
 */

const SECOND_MILLISECONDS = 1000;
/** The time after which the line says that the message is not sent yet. */
const LATE_MILLISECONDS = 15_000;

export class SendingBar {
  element = html("div", { class: "sending-bar", data: { test: "sending-bar" } });
  #services;
  #tellSent;
  /** @type {Map<string, SendingLine>} */
  #lines = new Map();
  /** The notices of the letters that were written in this tab. @type {Map<string, (submission: Submission) => SentNotice>} */
  #notices = new Map();
  #timer = 0;

  /** @param {SendingBarServices} services @param {(sent: SentNotice) => void} tellSent */
  constructor(services, tellSent) {
    this.#services = services;
    this.#tellSent = tellSent;
    const { away: { outbox }, keys } = services;
    outbox.addEventListener("change", () => this.#draw());
    outbox.addEventListener("sent", (event) => this.#sent(/** @type {LetterSentEvent} */ (event)));
    keys.addEventListener("locked", () => this.#notices.clear());
    addEventListener("beforeunload", (event) => { if (this.#isLeaving) event.preventDefault(); });
  }

  /**
   * Notes a letter that was written in this tab.
   * @param {string} id @param {(submission: Submission) => SentNotice} notice makes the notice when the letter was sent
   */
  note(id, notice) {
    this.#notices.set(id, notice);
    // The line changes every second, so a screen reader gets this sentence instead.
    if (this.#lines.has(id)) this.#services.announce(this.#services.translate("sending_soon"));
  }

  /** Whether a letter of this tab would wait for the next start if the page were closed now. */
  get #isLeaving() {
    return this.#soonSent.some(({ id, wait }) => this.#notices.has(id) && !isDue(wait, Date.now()));
  }

  /** @returns {SoonSent[]} */
  get #soonSent() {
    return this.#services.away.outbox.letters.flatMap((letter) =>
      (letter.state === "waiting" && letter.wait?.kind === "undo" ? [{ ...letter, wait: letter.wait }] : []));
  }

  #draw() {
    const letters = this.#soonSent;
    const ids = new Set(letters.map(({ id }) => id));
    for (const id of this.#lines.keys()) if (!ids.has(id)) this.#drop(id);
    for (const letter of letters) {
      if (!this.#lines.has(letter.id)) this.#add(letter);
      this.#lines.get(letter.id)?.show(letter.wait);
    }
    clearTimeout(this.#timer);
    if (letters.length > 0) this.#timer = window.setTimeout(() => this.#draw(), SECOND_MILLISECONDS);
  }

  /** @param {SoonSent} letter */
  #add({ id, words }) {
    const line = new SendingLine(this.#services, { id, subject: words.subject });
    this.#lines.set(id, line);
    this.element.append(line.element);
  }

  /** @param {string} id */
  #drop(id) {
    const line = this.#lines.get(id);
    const hadFocus = line?.element.contains(document.activeElement);
    line?.element.remove();
    this.#lines.delete(id);
    if (hadFocus) /** @type {HTMLElement | null} */ (document.querySelector("main h1"))?.focus();
  }

  /** @param {LetterSentEvent} event */
  #sent({ id, submission }) {
    const notice = this.#notices.get(id);
    this.#notices.delete(id);
    if (notice && submission) this.#tellSent(notice(submission));
    else this.#services.announce(this.#services.translate("outbox_sent"));
  }
}

class SendingLine {
  #translate;
  #words = html("span", { "aria-hidden": "true", data: { test: "sending-words" } });
  #undo;
  #outbox;

  /** @param {SendingBarServices} services @param {{id: string, subject: string}} letter */
  constructor(services, { id, subject }) {
    const { translate } = services;
    const meaning = uniqueId("sending");
    this.#translate = translate;
    this.#undo = html("button", {
      type: "button", text: translate("undo"), "aria-describedby": meaning, data: { test: "undo-send" },
      on: { click: () => void takeBack(services, id, this.#undo) },
    });
    this.#outbox = html("a", { href: "#/outbox", hidden: true, text: translate("outbox_title") });
    this.element = html(
      "div", { class: "notice", data: { test: "sending" } },
      html("p", {}, this.#words, " ", html("span", { dir: "auto", id: meaning, text: subject || translate("no_subject") })),
      this.#undo, this.#outbox,
    );
  }

  /** @param {import("../../offline/due_times.js").Wait} wait */
  show(wait) {
    const now = Date.now();
    const isPast = isDue(wait, now);
    const isLate = isPast && now - wait.until > LATE_MILLISECONDS;
    this.#undo.hidden = isPast && !isLate;
    this.#outbox.hidden = !isLate;
    this.#words.textContent = isLate ? this.#translate("sending_late")
      : isPast ? this.#translate("sending") : this.#translate("sending_in", { time: duration(secondsLeft(wait, now), "second") });
  }
}
