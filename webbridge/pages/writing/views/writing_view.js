/**
 * The view in which a letter is written and sent. If the sending fails, the letter stays in the view.
 *
 * Signing and encrypting are on until the person switches them off. While encrypting is on, a message leaves
 * unencrypted only as `leaving_clear.js` allows, and the line above the button says so before. The parts of the view
 * observe one `Composition`, which is cleared with the view.
 */

import { html } from "../../../../wasm_build/ui/dom.js";
import { takeDroppedFiles } from "../../../../wasm_build/ui/dropped_files.js";
import { askDoubtful, askReplyTo } from "../../../../wasm_build/writing/answer_notes.js";
import { submitByKeys } from "../../app/shortcuts.js";
import { LetterDraft } from "../../drafts/views/letter_draft.js";
import { showRecipient } from "../../trust/certificate_dialog.js";
import { Directory } from "../../trust/directory.js";
import { BLANK, Composition } from "../../../../wasm_build/writing/composition.js";
import { LetterPlan } from "../../../../wasm_build/writing/letter_plan.js";
import { LetterView } from "../../../../wasm_build/writing/letter_view.js";
import { endOfWords, withSignature } from "../letter_signature.js";
import { PlanHost } from "../plan_host.js";
import { Sender } from "../sender.js";
import { FromChoice } from "./from_choice.js";
import { createLetterOptions } from "./letter_options.js";
import { LetterText } from "./letter_text.js";
import { SendLater } from "./send_later.js";
import { SendingActs } from "./sending_acts.js";
import { noteService } from "./service_note.js";
import { askWriter } from "./writing_questions.js";

/** @typedef {import("../../../../wasm_build/writing/composition.js").Proposal} Proposal */
/**
 * @typedef {import("../plan_host.js").PlanServices & import("./sending_acts.js").SendingServices &
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
    element: writing.view.element,
    heading: writing.view.heading,
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
  #host;
  #isUnlocked;
  #closing = new AbortController();

  /**
   * @param {WritingServices} services
   * @param {Proposal} proposal
   */
  constructor(services, proposal) {
    const { translate, keys } = services;
    this.#services = services;
    this.#isUnlocked = keys.unlocked;
    const sender = new Sender(services, () => this.#composition.values);
    this.#host = new PlanHost(services, sender);
    this.#composition = this.#compose(proposal);
    const composition = this.#composition;
    const plan = new LetterPlan(translate, composition, this.#host);
    this.view = this.#createView(plan, proposal);
    this.reminder = html("p", { class: "note", role: "status", hidden: true, text: translate("letter_already_begun") });
    this.from = new FromChoice(services, composition, sender);
    this.text = new LetterText(translate, composition);
    this.text.placeCaret(this.#caret());
    const isOwnComputer = services.kept.keeping !== "off";
    const later = new SendLater(translate, { sendAt: proposal.sendAt, isOwnComputer, onChange: () => this.update() });
    const options = createLetterOptions(translate, composition, { offers: services.signatureOffers, isOwnComputer, later });
    this.draft = new LetterDraft(services, composition);
    this.acts = new SendingActs(services, {
      composition, sender, plan, draft: this.draft, text: this.text, options, later, view: this.view, update: () => this.update(),
    });
    this.acts.button.setAttribute("aria-describedby", this.view.panel.id);
    this.#assemble(options.element);
    const { signal } = this.#closing;
    composition.addEventListener("change", () => this.update(), { signal });
    keys.addEventListener("change", () => this.#keysChanged(), { signal });
    services.away.source.addEventListener("back", () => composition.lookUpFailed(), { signal });
    takeDroppedFiles((files) => void composition.attached.attach(files), {
      signal, isWanted: () => this.view.element.isConnected && !this.acts.isDone,
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

  /** Updates the view when it is shown again. The person may have signed in again or unlocked the keys. */
  refresh() {
    this.acts.forgetFailure();
    this.update();
    this.draft.keeper.retry();
  }

  /** Puts the focus on the recipients, or in a reply on the text above the quote. */
  focus() {
    if (this.acts.isDone) this.view.heading.focus();
    else if (this.#composition.to.isEmpty) this.view.recipients.to.focus();
    else this.text.focus();
  }

  remind() {
    this.reminder.hidden = false;
  }

  /**
   * Whether the person has entered something that is not sent yet and would be lost with the view. The signature does not
   * count.
   */
  get isBegun() {
    return !this.acts.isDone && this.#composition.isBegun;
  }

  /** Shows how the letter will be sent, and the obstacles. */
  update() {
    this.from.show(this.#host.mailServer.sharedAddresses ?? []);
    this.acts.show(this.view.update());
  }

  #keysChanged() {
    const { unlocked } = this.#services.keys;
    if (unlocked && !this.#isUnlocked) this.#composition.lookUpUnlocked();
    this.#isUnlocked = unlocked;
    this.update();
  }

  /** @param {Proposal} proposal */
  #compose(proposal) {
    const { api, mailVault, trust: { book }, away, signatureOffers } = this.#services;
    return new Composition(withSignature(proposal, book.signature), {
      directory: new Directory(api.certificates, mailVault, () => away.source.noteMissed()),
      groups: () => book.namedGroups, offers: signatureOffers,
      mostBytes: () => (this.#host.takesParcels ? this.#host.maxBytes : Infinity),
    });
  }

  /** The place of the caret. In an answer, the caret goes above the signature and the quoted text. */
  #caret() {
    const { proposal: { draft, inReplyTo }, values: { text } } = this.#composition;
    return draft && inReplyTo === null ? endOfWords(text, this.#services.trust.book.signature) : 0;
  }

  /** Shows early what the mail server does not accept. If the bridge does not answer now, the request to send reports this. */
  async #askForOffers() {
    const offers = await this.#services.api.sendingOffers().catch(() => null);
    if (!offers || this.#closing.signal.aborted) return;
    this.#host.mailServer = offers;
    if (!this.acts.isDone) this.update();
  }

  /** @param {LetterPlan} plan @param {Proposal} proposal */
  #createView(plan, proposal) {
    const services = this.#services;
    const { translate, mailVault } = services;
    const isNew = proposal === BLANK || (proposal.draft && proposal.inReplyTo === null);
    return new LetterView(translate, this.#composition, plan, {
      title: translate(isNew ? "write_message" : "reply"), known: () => mailVault.contacts(),
      onDetails: (address, check) => void showRecipient(services, address, check),
      remember: (names, way) => services.clear.remember(names, way),
      remedies: {
        onUnlock: () => { location.hash = "#/keys"; }, onParcel: () => this.acts.askParcel(),
        onEncryptOff: () => this.view.protection.sendUnencrypted(() => void this.acts.submit({ isClear: true })),
      },
    });
  }

  /** @param {HTMLElement} options */
  #assemble(options) {
    const services = this.#services;
    const { translate } = services;
    const { acts, view } = this;
    const { proposal } = this.#composition;
    submitByKeys(view.assemble({
      above: [this.reminder], from: this.from.element, text: this.text.element, options: [options],
      bar: (panel) => [createWritingBar(
        panel, acts.failure,
        html(
          "div", { class: "actions" }, acts.button, acts.look, acts.unstamped,
          html("button", {
            type: "button", class: "quiet", text: translate("discard"), data: { test: "discard" },
            on: { click: () => this.#discard() },
          }),
          this.draft.element,
        ),
      )],
      onSubmit: () => void acts.submit(),
    }));
    askReplyTo(translate, view, proposal);
    askDoubtful(translate, view, this.#composition);
    noteService(services, view, proposal);
  }

  #discard() {
    const isWritten = this.isBegun || this.draft.keeper.isBegun;
    if (!isWritten || this.draft.discard()) this.#services.endWriting();
    else askWriter(this.#services.translate, "discard", () => this.#services.endWriting());
  }
}

/**
 * The bar at the lower edge of the window while a letter is being written. It shows how the letter will be sent, the
 * obstacles, and the button that sends the letter. The bar stays visible above the keyboard of a phone.
 * @param {HTMLElement} plan the panel with the sentence and the obstacles, which scrolls if it is long
 * @param {HTMLElement[]} rest the error and the buttons
 */
function createWritingBar(plan, ...rest) {
  const element = html("div", { class: "writing-bar", data: { test: "writing-bar" } }, plan, ...rest);
  const observer = new ResizeObserver(() => {
    // A panel that scrolls must be reachable by keyboard.
    plan.tabIndex = plan.scrollHeight > plan.clientHeight ? 0 : -1;
    // A field that gets the focus is scrolled to a place above the bar.
    document.documentElement.style.scrollPaddingBlockEnd = element.isConnected ? `${element.offsetHeight + 8}px` : "";
  });
  observer.observe(element);
  for (const child of plan.children) observer.observe(child);
  return element;
}
