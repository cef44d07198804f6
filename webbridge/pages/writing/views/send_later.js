/** The field for the time at which a message is sent, under "More". The message waits on this device until then. */

import { html, uniqueId } from "../../../../wasm_build/ui/dom.js";
import { shortMoment } from "../../../../wasm_build/ui/formats.js";
import { offeredTimes, problemOfTime } from "../../offline/due_times.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../offline/due_times.js").Delay} Delay */
/** @typedef {"now" | "hour" | "tomorrow" | "own"} Choice */

export class SendLater {
  #translate;
  #select;
  #own;
  #ownField;

  /**
   * @param {Catalogue} translate
   * @param {{sendAt?: number, isOwnComputer: boolean, onChange: () => void}} options `sendAt` is the time that the message
   *   had before
   */
  constructor(translate, { sendAt = 0, isOwnComputer, onChange }) {
    this.#translate = translate;
    const [id, hint, own] = [uniqueId("later"), uniqueId("later-hint"), uniqueId("later-own")];
    this.#select = html(
      "select", { id, "aria-describedby": hint, disabled: !isOwnComputer, data: { test: "send-later" } }, ...this.#createOptions(),
    );
    this.#own = html("input", { type: "datetime-local", id: own, min: localText(Date.now()), data: { test: "send-later-time" } });
    this.#ownField = html("div", { class: "field", hidden: true }, html("label", { for: own, text: translate("later_time") }), this.#own);
    this.element = html(
      "div", { class: "field" },
      html("label", { for: id, text: translate("later_label") }), this.#select,
      html("p", { class: "field-hint", id: hint, text: translate(isOwnComputer ? "later_hint" : "later_not_here") }), this.#ownField,
    );
    if (sendAt > Date.now()) this.#restore(sendAt);
    this.#select.addEventListener("change", () => {
      this.#ownField.hidden = this.#choice !== "own";
      onChange();
    });
  }

  /** Whether the person has chosen to send later. */
  get isChosen() {
    return this.#choice !== "now";
  }

  /** The chosen time, counted from now. @returns {Delay | null} null to send now */
  get delay() {
    return this.isChosen ? { kind: "later", until: this.#until(Date.now()) } : null;
  }

  /** The sentence about a time that cannot be used; "" if there is no problem. The field gets the focus then. */
  findProblem() {
    const now = Date.now();
    const problem = this.isChosen ? problemOfTime(this.#until(now), now) : "";
    if (!problem) return "";
    this.element.closest("details")?.setAttribute("open", "");
    this.#own.focus();
    return this.#translate(`later_${problem}`);
  }

  get #choice() {
    return /** @type {Choice} */ (this.#select.value);
  }

  /** @param {number} now */
  #until(now) {
    const { hour, tomorrow } = offeredTimes(now);
    if (this.#choice === "own") return new Date(this.#own.value).getTime();
    return this.#choice === "hour" ? hour : tomorrow;
  }

  #createOptions() {
    const translate = this.#translate;
    const tomorrow = shortMoment(new Date(offeredTimes(Date.now()).tomorrow).toISOString());
    /** @type {[Choice, string][]} */
    const options = [
      ["now", translate("now")], ["hour", translate("later_hour")], ["tomorrow", translate("later_tomorrow", { time: tomorrow })],
      ["own", translate("later_own")],
    ];
    return options.map(([value, text]) => html("option", { value, text }));
  }

  /** @param {number} sendAt */
  #restore(sendAt) {
    this.#select.value = "own";
    this.#own.value = localText(sendAt);
    this.#ownField.hidden = false;
  }
}

/** A time in the form of the field, by the clock of this device. @param {number} time */
function localText(time) {
  const date = new Date(time);
  date.setMinutes(date.getMinutes() - date.getTimezoneOffset());
  return date.toISOString().slice(0, 16);
}
