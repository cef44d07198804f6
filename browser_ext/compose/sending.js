/**
 * The way of a letter out of its window: the button, how far it has come, what went wrong, and what is left to do when the
 * webmail did not take it.
 */
import { html } from "../runtime/ui/dom.js";
import { problem, whileBusy } from "../runtime/ui/parts.js";
import { errorText, text } from "../shared/i18n.js";
import { saveMessage, sendVerb } from "./letter_parts.js";
import { LetterProgress } from "./letter_progress.js";

/** @typedef {import("../runtime/ui/sending_plan.js").Letter} Letter */
/**
 * @typedef {{
 *   letter: Letter, packed: import("../shared/packed_letter.js").PackedLetter, leaving: import("./courier.js").Leaving,
 *   password: Secret | null,
 * }} Outgoing
 */
/**
 * @typedef {{
 *   take: (onAgreed: () => void) => Outgoing | null, onSent: (letter: Letter, sent: {shown: ArrayBuffer | null, isHandedOver: boolean}) => Promise<void>,
 *   onLocked: () => void, update: () => void,
 * }} Desk what is written on: `take` gives null while something stands in the way, or until the person has agreed
 */

/** The codes of a message that the webmail has not, or perhaps not, sent to all. */
const UNFINISHED = new Set(["sending-unknown", "sending-partial", "webmail-gone"]);

export class Sending {
  failure = problem("send-error");
  ways = html("div", { class: "actions" });
  progress = new LetterProgress();
  #translate;
  #courier;
  #desk;
  #busy = false;
  #done = false;

  /**
   * @param {import("../runtime/ui/catalogue.js").Catalogue} translate
   * @param {import("./courier.js").Courier} courier
   * @param {{deliver: import("./letter_window.js").Claim["deliver"], plan: string, desk: Desk}} options `plan` is the id of what says why not
   */
  constructor(translate, courier, { deliver, plan, desk }) {
    this.#translate = translate;
    this.#courier = courier;
    this.#desk = desk;
    this.button = html("button", {
      class: "primary", type: "submit", text: sendVerb(translate, deliver), "aria-describedby": plan, data: { agrees: "", test: "send" },
    });
  }

  /** Whether it has left. */
  get isDone() {
    return this.#done;
  }

  /** @param {boolean} isFree whether nothing stands in the way */
  show(isFree) {
    if (this.#busy) return;
    if (isFree) this.button.removeAttribute("aria-disabled");
    else this.button.setAttribute("aria-disabled", "true");
  }

  /** Says what went wrong; "" takes it back. @param {string} words */
  say(words) {
    this.failure.textContent = words;
  }

  /** Files are read. @param {import("../shared/progress.js").Told} told */
  showReading(told) {
    if (this.#busy) return;
    if (told.done === told.total) this.progress.end();
    else this.progress.show(told);
  }

  /** @param {{again?: boolean}} [options] */
  async submit({ again = false } = {}) {
    if (this.#busy || this.#done) return;
    const outgoing = this.#desk.take(() => void this.submit({ again }));
    if (!outgoing) return;
    this.ways.replaceChildren();
    const { letter, packed, leaving, password } = outgoing;
    await this.#work(letter.seal, async () => {
      const { sent, problem: reason, files, shown } = await this.#courier.send(packed, leaving, { password, again });
      if (!sent) return this.#refused(reason);
      files.forEach(saveMessage);
      this.#done = true;
      await this.#desk.onSent(letter, { shown, isHandedOver: reason !== "" });
    });
  }

  /**
   * Shows that something is being done, and what went wrong with it; the letter stays as it is.
   * @param {boolean} seals @param {() => Promise<void>} act
   */
  async #work(seals, act) {
    this.say("");
    this.#busy = true;
    this.progress.end();
    this.progress.show({ stage: "make", done: 0, total: 1 });
    const stopFollowing = this.#courier.follow((told) => this.progress.show(told));
    await whileBusy(this.button, this.#translate(seals ? "sealing" : "sending"), () => act().catch((error) => this.#failed(error)));
    this.#busy = false;
    stopFollowing();
    this.progress.end();
    if (!this.#done) this.#desk.update();
  }

  /** @param {string} reason what the webmail said */
  #refused(reason) {
    this.say(text("composeRefused", reason ? errorText({ code: reason, message: reason }) : text("composeNoReason")));
    this.#offerWays(false);
  }

  /** @param {any} error */
  #failed(error) {
    this.say(errorText(error));
    if (UNFINISHED.has(error.code)) this.#offerWays(error.code === "sending-unknown");
    if (error.code === "locked") this.#desk.onLocked();
    this.button.focus();
  }

  /** What is left to do when the webmail did not take it. @param {boolean} isUnknown */
  #offerWays(isUnknown) {
    const save = html("button", {
      type: "button", text: text("composeSaveFile"), data: { agrees: "", test: "save-file" }, on: { click: () => void this.#saveFiles() },
    });
    const again = html("button", {
      type: "button", text: text("composeSendAgain"), data: { agrees: "", test: "send-again" }, on: { click: () => void this.submit({ again: true }) },
    });
    this.ways.replaceChildren(save, ...(isUnknown ? [again] : []));
  }

  async #saveFiles() {
    if (this.#busy) return;
    const outgoing = this.#desk.take(() => void this.#saveFiles());
    if (!outgoing) return;
    const { letter, packed, leaving, password } = outgoing;
    await this.#work(letter.seal, async () => {
      (await this.#courier.finish(packed, leaving, password)).forEach(saveMessage);
    });
  }
}
