/** The sending of a letter from its window: button, progress, errors, and the remedies if the webmail did not accept it. */
import { html, problem, whileBusy } from "../../wasm_build/ui/dom.js";
import { ask as confirm } from "../../wasm_build/ui/ask.js";
import { remedyFor } from "../../wasm_build/writing/sending_remedies.js";
import { errorText, translate } from "../texts/texts.js";
import { codeOf } from "../shared/messages.js";
import { createRefusedList, outcomeSentence } from "./bridge_outcome.js";
import { saveMessage, sendVerb } from "./letter_parts.js";
import { LetterProgress } from "./letter_progress.js";

/**
 * A letter or receipt that can be sent. `finish` returns its messages as files.
 * @typedef {{
 *   isEncrypted: boolean, send: (options: {again: boolean, anew: boolean}) => Promise<ReplyTo<"compose.send">>, finish: () => Promise<ArrayBuffer[]>,
 * }} Outgoing
 */
/** @typedef {import("../background/writing/bridge_sending.js").Result} BridgeResult */
/** @typedef {{shown: ArrayBuffer | null, isHandedOver: boolean, byBridge?: BridgeResult}} Sent */
/**
 * @typedef {{
 *   take: (onFree: () => void, isClear: boolean) => Outgoing | null, onSent: (sent: Sent) => Promise<void>,
 *   onLocked: () => void, onSignedOut?: () => void, withoutTimestamp?: () => void, update: () => void,
 * }} SendingHost the window of the letter. `take` returns null while there are obstacles, or until the
 *   person has agreed; it calls `onFree` when the last look-up has ended, or the person agrees
 */

export class Sending {
  failure = problem("send-error");
  /** The recipients that a mail server refused. */
  details = html("div", {});
  remedies = html("div", { class: "actions" });
  progress = new LetterProgress();
  #translate;
  #courier;
  #host;
  #busy = false;
  #done = false;

  /**
   * @param {import("../../wasm_build/ui/catalogue.js").Catalogue} translate
   * @param {import("./courier.js").Courier} courier
   * @param {{deliver: import("./letter_window.js").Claim["deliver"], plan: string, host: SendingHost}} options
   *   `plan` is the id of the panel that names the obstacles
   */
  constructor(translate, courier, { deliver, plan, host }) {
    this.#translate = translate;
    this.#courier = courier;
    this.#host = host;
    this.button = html("button", {
      class: "primary", type: "submit", text: sendVerb(translate, deliver), "aria-describedby": plan, data: { agrees: "", test: "send" },
    });
  }

  /** Whether the letter was sent, given to the webmail or saved. */
  get isDone() {
    return this.#done;
  }

  /** Records that the letter was sent in another way, such as a parcel. */
  settle() {
    this.#done = true;
  }

  /** @param {boolean} isFree whether there are no obstacles */
  show(isFree) {
    if (this.#busy) return;
    if (isFree) this.button.removeAttribute("aria-disabled");
    else this.button.setAttribute("aria-disabled", "true");
  }

  /** Shows how the letter will be sent. @param {import("./bridge_choice.js").Delivery} deliver @param {string} bridgeHost */
  leaveBy(deliver, bridgeHost) {
    if (!this.#busy) this.button.textContent = sendVerb(this.#translate, deliver, bridgeHost);
  }

  /** Shows an error; "" removes it. @param {string} words */
  say(words) {
    this.failure.textContent = words;
    this.details.replaceChildren();
  }

  /** @param {{again?: boolean, anew?: boolean, isClear?: boolean}} [options] `isClear`: the person pressed "Send unencrypted" */
  async submit({ again = false, anew = false, isClear = false } = {}) {
    if (this.#busy || this.#done) return;
    const outgoing = this.#host.take(() => void this.submit({ again, anew, isClear }), isClear);
    if (!outgoing) return;
    this.remedies.replaceChildren();
    await this.#work(outgoing.isEncrypted, async () => {
      const { sent, problem: reason, files, shown, byBridge } = await outgoing.send({ again, anew });
      if (!sent) return byBridge ? this.#notByBridge(byBridge) : this.#refused(reason);
      files.forEach(saveMessage);
      this.#done = true;
      await this.#host.onSent({ shown, isHandedOver: reason !== "", byBridge });
    });
  }

  /**
   * Runs an action, and shows its progress and its error. The letter is not changed.
   * @param {boolean} encrypts @param {() => Promise<void>} act
   */
  async #work(encrypts, act) {
    this.say("");
    this.#busy = true;
    this.progress.end();
    this.progress.show({ stage: "make", done: 0, total: 1 });
    const stopFollowing = this.#courier.follow((progress) => this.progress.show(progress));
    await whileBusy(this.button, this.#translate(encrypts ? "encrypting" : "sending"), () => act().catch((error) => this.#failed(error)));
    this.#busy = false;
    stopFollowing();
    this.progress.end();
    if (!this.#done) this.#host.update();
  }

  /** @param {string} reason the code that the webmail gave */
  #refused(reason) {
    this.say(translate("compose_refused", { first: reason ? errorText({ code: reason, message: reason }) : translate("compose_no_reason") }));
    this.#offerRemedies(false);
  }

  /**
   * Shows the outcome from the bridge. If a message was perhaps sent, the bridge is asked about it again. It is never
   * sent again before the person agrees.
   * @param {BridgeResult} result
   */
  #notByBridge(result) {
    this.say(outcomeSentence(result));
    const people = createRefusedList(result);
    if (people) this.details.replaceChildren(people);
    if (result.outcome === "refused") return this.remedies.replaceChildren(this.#saveButton());
    const look = html("button", {
      type: "button", text: translate("bridge_look_again"), data: { agrees: "", test: "look-again" }, on: { click: () => void this.submit() },
    });
    const again = html("button", {
      type: "button", class: "quiet", text: translate("bridge_send_twice"), data: { test: "send-twice" }, on: { click: () => this.#confirmTwice() },
    });
    this.remedies.replaceChildren(look, this.#saveButton(), ...(result.outcome === "perhaps" ? [again] : []));
  }

  #confirmTwice() {
    confirm({
      title: translate("bridge_send_twice_title"), meaning: translate("bridge_send_twice_meaning"), keep: this.#translate("keep_writing"),
      go: translate("send_again"), test: "send-twice-confirm", onGo: () => void this.submit({ again: true }),
    });
  }

  /** @param {unknown} error */
  #failed(error) {
    this.say(errorText(error));
    const code = codeOf(error);
    const remedy = remedyFor(code);
    if (remedy === "unfinished") this.#offerRemedies(code === "sending-unknown");
    if (remedy === "anew" || remedy === "elsewhere") this.#offerAnew();
    if (remedy === "unstamped") this.#offerUnstamped();
    if (code === "locked") this.#host.onLocked();
    if (code === "bridge-signed-out") this.#host.onSignedOut?.();
    this.button.focus();
  }

  /** Offers the remedies if the webmail did not accept the letter. @param {boolean} isUnknown */
  #offerRemedies(isUnknown) {
    const again = html("button", {
      type: "button", text: translate("send_again"), data: { agrees: "", test: "send-again" }, on: { click: () => void this.submit({ again: true }) },
    });
    this.remedies.replaceChildren(this.#saveButton(), ...(isUnknown ? [again] : []));
  }

  /** Offers to send this version after an earlier version was sent. */
  #offerAnew() {
    const anew = html("button", {
      type: "button", text: translate("send_this_version"), data: { agrees: "", test: "send-anew" }, on: { click: () => void this.submit({ anew: true }) },
    });
    this.remedies.replaceChildren(anew, this.#saveButton());
  }

  #saveButton() {
    return html("button", {
      type: "button", text: translate("save_as_file"), data: { agrees: "", test: "save-file" }, on: { click: () => void this.#saveFiles() },
    });
  }

  /** Offers to send the letter without a timestamp. */
  #offerUnstamped() {
    const go = () => {
      this.#host.withoutTimestamp?.();
      void this.submit();
    };
    this.remedies.replaceChildren(html("button", {
      type: "button", text: this.#translate("send_without_timestamp"), data: { agrees: "", test: "send-unstamped" }, on: { click: go },
    }));
  }

  async #saveFiles() {
    if (this.#busy) return;
    const outgoing = this.#host.take(() => void this.#saveFiles(), true);
    if (!outgoing) return;
    await this.#work(outgoing.isEncrypted, async () => (await outgoing.finish()).forEach(saveMessage));
  }
}
