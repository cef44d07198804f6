/**
 * The view in which a letter is written and sent. If the sending fails, the letter stays in the view.
 *
 * Signing and encrypting are on until the person switches them off. While encrypting is on, a letter that cannot be
 * encrypted is not sent, and the reason is shown beside the button. The parts of the view observe one `Composition`,
 * which is cleared with the view.
 */

import { html } from "../../../../wasm_build/ui/dom.js";
import { AttachedFiles } from "../../../../wasm_build/ui/attached_files.js";
import { takeDroppedFiles } from "../../../../wasm_build/ui/dropped_files.js";
import { createForm, inputField } from "../../../../wasm_build/ui/parts.js";
import { createPlanPanel } from "../../../../wasm_build/ui/plan_panel.js";
import { groupObstacles, warnings } from "../../../../wasm_build/ui/sending_plan.js";
import { submitByKeys } from "../../app/shortcuts.js";
import { LetterDraft } from "../../drafts/views/letter_draft.js";
import { Directory } from "../../trust/directory.js";
import { BLANK, Composition } from "../composition.js";
import { LeavingPlan } from "../leaving_plan.js";
import { endOfWords, withSignature } from "../letter_signature.js";
import { Sender } from "../sender.js";
import { createDoubtfulNote } from "./doubtful_note.js";
import { FromChoice } from "./from_choice.js";
import { LetterOptions } from "./letter_options.js";
import { LetterText } from "./letter_text.js";
import { ProtectionSwitches } from "./protection_switches.js";
import { createReadingProgress } from "./reading_progress.js";
import { RecipientLines } from "./recipient_lines.js";
import { createReplyToNote } from "./reply_to_note.js";
import { SendingActs } from "./sending_acts.js";
import { createServiceNote } from "./service_note.js";
import { createWritingBar } from "./writing_bar.js";
import { askToDiscard } from "./writing_questions.js";

/** @typedef {import("../composition.js").Proposal} Proposal */
/**
 * @typedef {import("../leaving_plan.js").PlanServices & import("./sending_acts.js").SendingServices &
 *   import("../../drafts/views/letter_draft.js").LetterDraftServices & {
 *     trust: import("../../trust/trust_keeper.js").TrustKeeper,
 *     kept: Pick<import("../../trust/kept_trust.js").KeptTrust, "keeping">,
 *     away: Pick<import("../../offline/away.js").Away, "source" | "outbox">,
 *   }} WritingServices those of the parts of the view
 */
/**
 * @typedef {import("../../app/services.js").View & {isBegun: () => boolean, isDone: () => boolean, dispose: () => void,
 *   remind: () => void, drafts: import("../../drafts/draft_keeper.js").DraftKeeper}} WritingView
 */

/**
 * @param {WritingServices} services
 * @param {Proposal} [proposal]
 * @returns {WritingView}
 */
export function createWritingView(services, proposal = BLANK) {
  const writing = new Writing(services, proposal);
  return {
    element: writing.element,
    heading: writing.heading,
    titleKey: "write_message",
    shown: () => writing.refresh(),
    focus: () => writing.focus(),
    isBegun: () => writing.isBegun,
    isDone: () => writing.acts.isDone,
    dispose: () => writing.dispose(),
    remind: () => writing.remind(),
    drafts: writing.draft.keeper,
  };
}

class Writing {
  #services;
  #composition;
  #plan;
  #closing = new AbortController();

  /**
   * @param {WritingServices} services
   * @param {Proposal} proposal
   */
  constructor(services, proposal) {
    const { translate, keys } = services;
    this.#services = services;
    this.#composition = this.#compose(proposal);
    const composition = this.#composition;
    const sender = new Sender(services, composition);
    this.#plan = new LeavingPlan(services, composition, sender);
    const isNew = proposal === BLANK || (proposal.draft && proposal.inReplyTo === null);
    this.heading = html("h1", { tabindex: -1, text: translate(isNew ? "write_message" : "reply") });
    this.reminder = html("p", { class: "note", role: "status", hidden: true, text: translate("letter_already_begun") });
    this.from = new FromChoice(services, composition, sender);
    this.recipients = new RecipientLines(services, composition);
    this.text = new LetterText(translate, composition);
    this.text.placeCaret(this.#caret());
    this.protection = new ProtectionSwitches(translate, composition);
    this.options = new LetterOptions(translate, composition, {
      offers: services.signatureOffers, isOwnComputer: services.kept.keeping !== "off",
    });
    this.draft = new LetterDraft(services, composition);
    this.acts = new SendingActs(services, {
      composition, sender, plan: this.#plan, draft: this.draft, text: this.text, protection: this.protection,
      options: this.options, focusRecipients: () => this.recipients.to.focus(), focusPlan: () => this.panel.focus(),
      update: () => this.update(),
    });
    this.panel = this.#createPanel();
    this.acts.button.setAttribute("aria-describedby", this.panel.id);
    this.element = this.#assemble();
    const { signal } = this.#closing;
    composition.addEventListener("change", () => this.update(), { signal });
    keys.addEventListener("change", () => this.update(), { signal });
    services.away.source.addEventListener("back", () => composition.lookUpFailed(), { signal });
    takeDroppedFiles((files) => void composition.attached.attach(files), {
      signal, isWanted: () => this.element.isConnected && !this.acts.isDone,
    });
    this.update();
    void this.#askForOffers();
  }

  dispose() {
    this.#closing.abort();
    this.draft.dispose();
    this.text.dispose();
    this.acts.end();
  }

  /** Updates the view when it is shown again, because the person may have signed in again or unlocked the keys. */
  refresh() {
    this.acts.forgetFailure();
    this.update();
    this.draft.keeper.retry();
  }

  /** Puts the focus on the recipients, or in a reply on the text above the quote. */
  focus() {
    if (this.acts.isDone) this.heading.focus();
    else if (this.#composition.to.isEmpty) this.recipients.to.focus();
    else this.text.focus();
  }

  remind() {
    this.reminder.hidden = false;
  }

  /**
   * Whether the person has entered something besides the signature that is not sent yet, and would be lost with the
   * view.
   */
  get isBegun() {
    return !this.acts.isDone && this.#composition.isBegun;
  }

  /** Shows how the letter will be sent, and the obstacles. */
  update() {
    const { translate } = this.#services;
    this.from.show(this.#plan.offers.sharedAddresses ?? []);
    const { letter, obstacles, sentence } = this.#plan;
    this.panel.show(letter, sentence, groupObstacles(obstacles, translate), warnings(letter, translate));
    this.acts.show(obstacles);
  }

  /** @param {Proposal} proposal */
  #compose(proposal) {
    const { api, mailVault, trust: { book }, away, signatureOffers } = this.#services;
    return new Composition(withSignature(proposal, book.signature), {
      directory: new Directory(api.certificates, mailVault, () => away.source.noteMissed()),
      groups: () => book.namedGroups, offers: signatureOffers,
      mostBytes: () => (this.#plan.isParcelOffered ? this.#plan.offers.maxBytes : Infinity),
    });
  }

  /** The place of the caret: that of an answer is above the signature and the quoted text. */
  #caret() {
    const { proposal: { draft, inReplyTo }, values: { text } } = this.#composition;
    return draft && inReplyTo === null ? endOfWords(text, this.#services.trust.book.signature) : 0;
  }

  /** Says early what the mail server does not take. Without an answer, the request to send says so. */
  async #askForOffers() {
    const offers = await this.#services.api.sendingOffers().catch(() => null);
    if (!offers || this.#closing.signal.aborted) return;
    this.#plan.offers = offers;
    if (!this.acts.isDone) this.update();
  }

  #createPanel() {
    const composition = this.#composition;
    const { recipients, protection, acts } = this;
    return createPlanPanel(this.#services.translate, {
      onUnlock: () => { location.hash = "#/keys"; },
      onEncryptOff: () => protection.askEncryptOff(),
      onSignOff: () => protection.signOff(),
      onLookUp: (person) => void composition.lineOf(person).lookUp(person),
      onLookUpAll: (people) => people.forEach((person) => void composition.lineOf(person).lookUp(person)),
      onRemoveAll: (people) => recipients.remove(people),
      onFile: (person, file) => void composition.lineOf(person).useFile(person, file),
      onParcel: () => acts.askParcel(),
    });
  }

  #assemble() {
    const { translate } = this.#services;
    const { attached } = this.#composition;
    const { acts } = this;
    const discard = html("button", {
      type: "button", class: "quiet", text: translate("discard"), data: { test: "discard" },
      on: { click: () => this.#discard() },
    });
    const form = createForm(
      { class: "stack", data: { test: "compose-form" } }, () => acts.submit(),
      this.from.element, this.recipients.element, this.#createSubject(),
      this.text.element, new AttachedFiles(translate, attached).element, createReadingProgress(translate, attached),
      this.protection.element, this.options.element,
      createWritingBar(
        this.panel.element, acts.failure,
        html("div", { class: "actions" }, acts.button, acts.look, acts.unstamped, discard, this.draft.element),
      ),
    );
    submitByKeys(form);
    return html("div", { class: "writing stack" }, this.heading, this.reminder, ...this.#createNotes(), form);
  }

  #createSubject() {
    const composition = this.#composition;
    const { element, input } = inputField(this.#services.translate("subject"), {
      type: "text", autocomplete: "off", dir: "auto", value: composition.values.subject,
      data: { test: "compose-subject" }, on: { input: () => composition.set({ subject: input.value }) },
    });
    composition.addEventListener("change", () => {
      if (input.value !== composition.values.subject) input.value = composition.values.subject;
    });
    return element;
  }

  /** The questions about the recipients of an answer. */
  #createNotes() {
    const services = this.#services;
    const { proposal } = this.#composition;
    const { to } = this.recipients;
    const replyTo = createReplyToNote(services, proposal, to);
    return [replyTo, this.#createDoubtful(), createServiceNote(services, proposal, to)];
  }

  #createDoubtful() {
    const composition = this.#composition;
    const { to, cc } = composition.proposal.doubtful ?? { to: [], cc: [] };
    if (to.length + cc.length === 0) return null;
    const onAdd = () => {
      for (const mailbox of to) composition.to.add(mailbox);
      for (const mailbox of cc) composition.cc.add(mailbox);
    };
    return createDoubtfulNote(this.#services, [...to, ...cc], { onAdd, onDone: () => this.recipients.to.focus() });
  }

  #discard() {
    const isWritten = this.isBegun || this.draft.keeper.isBegun;
    if (!isWritten || this.draft.discard()) this.#services.endWriting();
    else askToDiscard(this.#services.translate, () => this.#services.endWriting());
  }
}
