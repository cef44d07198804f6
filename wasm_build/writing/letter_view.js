/**
 * The window in which a letter is written, for pages and extension. It has notes, recipients, subject, text, files,
 * protection, options, and the panel that says how the letter would be sent and which obstacles there are. `LetterHost`
 * and `Pieces` contain the differences between pages and extension.
 */

import { AttachedFiles } from "../ui/attached_files.js";
import { createForm, html, inputField } from "../ui/dom.js";
import { createPlanPanel } from "../ui/plan_panel.js";
import { groupObstacles, warnings } from "../ui/sending_plan.js";
import { ProtectionSwitches } from "./protection_switches.js";
import { RecipientLines } from "./recipient_lines.js";
import { RememberWay } from "./remember_way.js";

/** @typedef {import("../ui/plan_panel.js").Remedies} Remedies */
/**
 * `title` is the heading. `remedies` are the remedies that only this program has. `remember` keeps the way to people
 * without a certificate.
 * @typedef {import("./recipient_lines.js").RecipientsHost & {
 *   title: string, remedies: Partial<Remedies> & Pick<Remedies, "onUnlock" | "onEncryptOff">,
 *   remember: import("./remember_way.js").Remember,
 * }} LetterHost
 */
/**
 * The elements of this program: `above` the form, `from` above the recipients, `options` below the protection. `bar`
 * puts the panel together with the buttons.
 * @typedef {{
 *   above: HTMLElement[], from: HTMLElement, text: HTMLElement, options: HTMLElement[],
 *   bar: (panel: HTMLElement) => (HTMLElement | null)[], onSubmit: () => void,
 * }} Pieces
 */

export class LetterView {
  element = html("div", { class: "writing stack" });
  #translate;
  #composition;
  #plan;
  #notes = html("div", { class: "letter-notes" });

  /**
   * @param {import("../ui/catalogue.js").Catalogue} translate
   * @param {import("./composition.js").Composition} composition
   * @param {import("./letter_plan.js").LetterPlan} plan
   * @param {LetterHost} host
   */
  constructor(translate, composition, plan, host) {
    this.#translate = translate;
    this.#composition = composition;
    this.#plan = plan;
    this.heading = html("h1", { tabindex: -1, text: host.title });
    this.recipients = new RecipientLines(translate, composition, host);
    this.subject = this.#createSubject();
    this.protection = new ProtectionSwitches(translate, composition, plan);
    this.panel = createPlanPanel(translate, { ...this.#remedies(), ...host.remedies });
    this.remembering = new RememberWay(translate, host.remember);
    this.panel.element.append(this.remembering.element);
  }

  /** Puts the window together. @param {Pieces} pieces */
  assemble({ above, from, text, options, bar, onSubmit }) {
    const { attached } = this.#composition;
    this.form = createForm(
      { class: "letter stack", data: { test: "compose-form" } }, onSubmit,
      from, this.recipients.element, this.subject.element, text,
      new AttachedFiles(this.#translate, attached).element, createReadingProgress(this.#translate, attached),
      this.protection.element, ...options, ...bar(this.panel.element),
    );
    this.element.replaceChildren(this.heading, ...above, this.#notes, this.form);
    return this.form;
  }

  /** Shows how the letter would leave. Returns the obstacles that keep it from being sent. */
  update() {
    const translate = this.#translate;
    const { letter, obstacles, sentence, blocking } = this.#plan;
    this.panel.show(letter, sentence, groupObstacles(obstacles, translate), warnings(letter, translate));
    this.remembering.show(this.#plan.leaving);
    return blocking;
  }

  /**
   * Shows a note above the letter, at most one of each kind. Without content the note of this kind is removed.
   * @param {string} kind @param {...(HTMLElement | null)} content
   */
  note(kind, ...content) {
    this.#notes.querySelector(`[data-note="${kind}"]`)?.remove();
    if (content.length > 0) this.#notes.append(html("div", { class: "note-box", data: { note: kind } }, ...content));
  }

  #createSubject() {
    const composition = this.#composition;
    const field = inputField(this.#translate("subject"), {
      type: "text", autocomplete: "off", dir: "auto", value: composition.values.subject,
      data: { test: "compose-subject" }, on: { input: () => composition.set({ subject: field.input.value }) },
    });
    composition.addEventListener("change", () => {
      if (field.input.value !== composition.values.subject) field.input.value = composition.values.subject;
    });
    return field;
  }

  #remedies() {
    const { protection, recipients } = this;
    const composition = this.#composition;
    const lookUp = (/** @type {import("../ui/recipient_line.js").Person} */ person) => void composition.lineOf(person).lookUp(person);
    return /** @type {Omit<Remedies, "onUnlock" | "onEncryptOff">} */ ({
      onSignOff: () => protection.signOff(),
      onLookUp: lookUp,
      onLookUpAll: (people) => people.forEach(lookUp),
      onRemoveAll: (people) => recipients.remove(people),
      onFile: (person, file) => void composition.lineOf(person).useFile(person, file),
    });
  }
}

/**
 * The progress of the reading of chosen files.
 * @param {import("../ui/catalogue.js").Catalogue} translate
 * @param {import("../ui/message_files.js").MessageFiles} files
 */
function createReadingProgress(translate, files) {
  const element = html("progress", {
    hidden: true, "aria-label": translate("reading_files"), data: { test: "reading-files" },
  });
  const show = () => {
    const { progress: { done, total }, isReading } = files;
    element.max = Math.max(total, 1);
    element.value = done;
    element.hidden = !isReading;
  };
  files.addEventListener("progress", show);
  files.addEventListener("change", show);
  return element;
}
