/**
 * The pane of the open message. The message is fetched as bytes, opened in the vault, and shown with its state on top.
 *
 * Errors are shown in this pane only, so that a bad message never blocks the list.
 */

import { html, problem } from "../../../../wasm_build/ui/dom.js";
import { draftIdIn } from "../../../../wasm_build/ui/draft_message.js";
import { headerReader, isolate } from "../../../../wasm_build/ui/formats.js";
import { overwrite } from "../../../../wasm_build/vault/memory/cleanup.js";
import { ApiError } from "../../app/api.js";
import { closePreview } from "../attachment_preview.js";
import { JudgedMessage } from "../judged_message.js";
import { isClosed } from "../report.js";
import { folderPath } from "../../app/routes.js";
import { createNotForMe } from "./not_for_me.js";
import { createMessage } from "./shown_message.js";
import { createSourceView } from "./source_view.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../offline/away.js").Away} Away */
/** @typedef {import("../../keys/mail_vault.js").MailVault} MailVault */
/** @typedef {import("../../app/services.js").Announce} Announce */
/** @typedef {import("../../keys/keys.js").KeyRing} KeyRing */
/** @typedef {import("../../drafts/draft_store.js").DraftStore} DraftStore */
/** @typedef {import("../../app/services.js").SentenceFor} SentenceFor */
/** @typedef {import("./shown_message.js").ShownMessageServices} ShownMessageServices */
/** @typedef {import("./source_view.js").SourceServices} SourceServices */
/** @typedef {import("./not_for_me.js").NotForMeServices} NotForMeServices */
/**
 * @typedef {{
 *   translate: Catalogue, away: Away, mailVault: MailVault, announceHere: Announce, keys: KeyRing,
 *   drafts: DraftStore, sentenceFor: SentenceFor,
 * } & ShownMessageServices & SourceServices & NotForMeServices} ReadingServices
 */
/** @typedef {import("../../keys/mail_vault.js").OpenedMessage} OpenedMessage */
/** @typedef {import("../../app/routes.js").MessageAddress} MessageAddress */
/**
 * An open message, and the attachments that are in memory for it.
 * @typedef {{
 *   element: HTMLElement, message: ReturnType<typeof createMessage>, held: import("../../keys/mail_vault.js").ReceivedFile[], subject: string,
 * }} Layer
 */

export class Reading {
  #services;
  #options;
  /** The element that had the focus when the message was asked for. @type {Element | null} */
  #focused = null;
  /** @type {AbortController | null} */
  #opening = null;
  /** The message that is open or being opened, once its bytes have come. @type {JudgedMessage | null} */
  #judged = null;
  /**
   * The open messages, each attached to the previous message. The last message is shown.
   * @type {Layer[]}
   */
  #layers = [];
  /** Whether the latest message could not be fetched because there was no connection. */
  hasMissed = false;

  /**
   * @param {ReadingServices} services
   * @param {{
   *   onSeen: (address: MessageAddress) => void,
   *   onOpened: (address: MessageAddress, opened: OpenedMessage, digest: string) => void,
   *   flagsOf: (address: MessageAddress) => readonly string[],
   *   drafts: {areIn: (folder: string) => boolean, onOpened: (draft: import("../../drafts/draft_store.js").OpenedDraft) => void},
   * }} options
   */
  constructor(services, options) {
    this.#services = services;
    this.#options = options;
    this.element = html("section", { class: "reading", "aria-label": services.translate("letter"), data: { test: "reading" } });
    this.clear();
  }

  clear() {
    this.#release();
    this.element.replaceChildren(html("p", { class: "empty", text: this.#services.translate("nothing_open") }));
  }

  /** @param {MessageAddress} address */
  async open(address) {
    await this.#open(address, (signal) => this.#services.away.source.rawMessage(address, { signal }));
  }

  /** Judges the same bytes again, after the person has trusted somebody. @param {MessageAddress} address */
  async judgeAgain(address) {
    const judged = this.#judged;
    if (!judged) return this.open(address);
    const reading = judged.read();
    await this.#open(address, () => reading);
  }

  /** @param {MessageAddress} address @param {(signal: AbortSignal) => Promise<ArrayBuffer>} read */
  async #open(address, read) {
    const signal = this.#begin(address);
    const { away, mailVault } = this.#services;
    /** @type {ArrayBuffer | null} */
    let message = null;
    /** @type {JudgedMessage | null} */
    let judged = null;
    /** The message with its last verdict. @type {OpenedMessage | null} */
    let last = null;
    try {
      message = await read(signal);
      if (signal.aborted) return;
      judged = new JudgedMessage((place) => away.source.rawMessage(place), address, message);
      this.#judged = judged;
      const draft = this.#options.drafts.areIn(address.folder) ? draftIdIn(message) : null;
      if (draft) return await this.#openDraft(draft, { address, message, signal });
      for await (const opened of mailVault.open(message, signal)) {
        if (signal.aborted) return;
        last = opened;
        if (isClosed(opened.report)) this.#showLocked(address);
        else if (this.#layers[0]) this.#settle(this.#layers[0], opened);
        else this.#show(address, opened, judged);
      }
      this.#options.onSeen(address);
      if (last && !isClosed(last.report)) {
        void away.keepOpened(address, message);
        this.#options.onOpened(address, last, await judged.digest);
      }
    } catch (error) {
      if (signal.aborted) return;
      const further = message && isForOthers(error) ? await describeClosed(this.#services, message, signal) : null;
      if (signal.aborted) return;
      this.#showFailure(address, error, further);
    }
    judged?.settle();
    this.element.setAttribute("aria-busy", "false");
  }

  /** @param {MessageAddress} address */
  #begin({ folder }) {
    this.#release();
    this.#opening = new AbortController();
    this.#focused = document.activeElement;
    this.element.replaceChildren(
      backLink(this.#services.translate, folder), html("h2", { tabindex: -1, text: this.#services.translate("opening") }),
    );
    this.element.setAttribute("aria-busy", "true");
    // The state of the message is at the top, so the pane scrolls there. On a narrow page the whole page scrolls.
    this.#scrollToTop();
    return this.#opening.signal;
  }

  /**
   * Overwrites the decrypted attachments. The text cannot be overwritten, and stays in memory until the browser frees it.
   */
  #release() {
    this.#opening?.abort();
    this.#judged?.forget();
    this.#judged = null;
    this.hasMissed = false;
    closePreview();
    for (const { held, message } of this.#layers) {
      message.close();
      for (const { data } of held) overwrite(data);
    }
    this.#layers = [];
  }

  /**
   * @param {MessageAddress} address
   * @param {OpenedMessage} opened
   * @param {JudgedMessage} judged
   */
  #show(address, opened, judged) {
    const layer = this.#createLayer(opened, { read: () => judged.read(), address, flags: this.#options.flagsOf(address) });
    this.#layers = [layer];
    this.element.replaceChildren(backLink(this.#services.translate, address.folder), layer.element);
    this.#enter(layer);
  }

  /**
   * @param {OpenedMessage} opened
   * @param {import("./shown_message.js").Source} source
   * @param {HTMLElement[]} [above]
   * @returns {Layer}
   */
  #createLayer(opened, source, above = []) {
    const message = createMessage(this.#services, opened, {
      source, onOpen: (file, opener) => this.#openAttached(file, opener),
    });
    const element = html("div", { class: "reading-layer" }, ...above, ...message.parts, createSourceView(this.#services, source.read));
    return { element, message, held: opened.attachments, subject: headerReader(opened.headers)("subject") };
  }

  /** Shows the verdict and moves the focus to the message. @param {Layer} layer */
  #enter({ message }) {
    this.#moveFocus(message.heading);
    this.#announce(message.spoken);
  }

  /**
   * Opens an attached mail in place of the message that contains it. Resolves when it is shown.
   * @param {import("../../keys/mail_vault.js").ReceivedFile} file
   * @param {HTMLElement} opener the button that has opened it
   * @returns {Promise<void>}
   */
  #openAttached(file, opener) {
    return new Promise((resolve, reject) => void this.#readAttached(file, opener, resolve).then(resolve, reject));
  }

  /**
   * @param {import("../../keys/mail_vault.js").ReceivedFile} file
   * @param {HTMLElement} opener
   * @param {() => void} onShown
   */
  async #readAttached(file, opener, onShown) {
    const outer = /** @type {Layer} */ (this.#layers.at(-1));
    const { signal } = /** @type {AbortController} */ (this.#opening);
    /** @type {Layer | null} */
    let layer = null;
    try {
      for await (const opened of this.#services.mailVault.open(file.data, signal)) {
        // Another message, or another attached one, was opened meanwhile.
        if (signal.aborted || (!layer && this.#layers.at(-1) !== outer)) return;
        if (isClosed(opened.report)) throw new ApiError("locked", "the keys are locked");
        if (layer) {
          this.#settle(layer, opened);
          continue;
        }
        layer = this.#createLayer(
          opened, { read: async () => file.data.slice(0), address: null, flags: [] },
          aboveAttached(this.#services.translate, outer.subject, () => this.#leave(outer, opener)),
        );
        this.#layers.push(layer);
        outer.element.replaceWith(layer.element);
        onShown();
        this.#scrollToTop();
        this.#enter(layer);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** Shows the message around an attached mail again. @param {Layer} outer @param {HTMLElement} opener */
  #leave(outer, opener) {
    closePreview();
    const inner = this.#layers.at(-1);
    inner?.message.close();
    for (const { data } of inner?.held ?? []) overwrite(data);
    inner?.element.replaceWith(outer.element);
    this.#layers.pop();
    opener.focus();
  }

  /**
   * Replaces the first verdict with the verdict after the authorities' answers. The text is not drawn again.
   * @param {Layer} layer
   * @param {OpenedMessage} opened
   */
  #settle(layer, opened) {
    for (const { data } of opened.attachments) overwrite(data);
    const spoken = layer.message.settle(opened);
    if (layer === this.#layers.at(-1)) this.#announce(spoken);
  }

  #scrollToTop() {
    this.element.scrollTop = 0;
    if (this.element.isConnected) scrollTo(0, 0);
  }

  /** Announces a verdict, unless the person has left the message. @param {string} spoken */
  #announce(spoken) {
    if (this.element.isConnected) this.#services.announceHere(spoken);
  }

  /** @param {string} id @param {{address: MessageAddress, message: ArrayBuffer, signal: AbortSignal}} read */
  async #openDraft(id, { address, message, signal }) {
    if (this.#services.keys.unlocked) {
      const opened = await this.#services.drafts.openThere(id, address, message);
      if (!signal.aborted) this.#options.drafts.onOpened(opened);
    } else this.#showLocked(address, "draft_locked_title", "draft_unlock");
    this.element.setAttribute("aria-busy", "false");
  }

  /** @param {MessageAddress} address @param {string} [title] @param {string} [meaning] the keys of its words */
  #showLocked(address, title = "encrypted_and_locked_title", meaning = "encrypted_and_locked") {
    const { translate } = this.#services;
    this.#showInstead(
      address, translate(title), html("p", { class: "note", text: translate(meaning), data: { test: "reading-locked" } }),
      html("div", { class: "actions" }, html("a", {
        class: "button primary", href: "#/keys", text: translate("unlock_keys"), data: { test: "unlock-to-read" },
      })),
    );
  }

  /**
   * @param {MessageAddress} address
   * @param {unknown} error
   * @param {HTMLElement[] | null} further what is known of the message, and what the person can do
   */
  #showFailure(address, error, further) {
    const { translate } = this.#services;
    const sentence = problem("reading-error");
    this.#showInstead(
      address, translate("cannot_open_title"), sentence,
      ...(further ?? [html("div", { class: "actions" }, html("button", {
        type: "button", text: translate("try_again"), data: { test: "try-again" }, on: { click: () => void this.open(address) },
      }))]),
    );
    sentence.textContent = this.#services.sentenceFor(error);
    this.hasMissed = error instanceof ApiError && MISSED.has(error.code);
  }

  /**
   * Shows a notice instead of a message.
   * @param {MessageAddress} address
   * @param {string} title
   * @param {HTMLElement} sentence
   * @param {HTMLElement[]} further
   */
  #showInstead(address, title, sentence, ...further) {
    const heading = html("h2", { tabindex: -1, text: title });
    const judged = this.#judged;
    const source = createSourceView(this.#services, () => judged?.read() ?? this.#services.away.source.rawMessage(address));
    this.element.replaceChildren(backLink(this.#services.translate, address.folder), heading, sentence, ...further, source);
    this.#moveFocus(heading);
  }

  /** Moves the focus to the message, unless the person has gone elsewhere while the message was being opened. @param {HTMLElement} heading */
  #moveFocus(heading) {
    const now = document.activeElement;
    const isElsewhere = now !== this.#focused && !this.element.contains(now) && now?.matches("a, button, input, select, textarea, summary");
    if (!isElsewhere) heading.focus({ preventScroll: true });
  }
}

/**
 * The link back to the list, for narrow pages.
 * @param {Catalogue} translate
 * @param {string} folder
 */
function backLink(translate, folder) {
  return html("a", {
    class: "back", href: `#${folderPath(folder)}`, text: translate("back_to_list"), data: { test: "back" },
  });
}

/**
 * The link back from an attached mail, and the sentence about the message that contains the mail.
 * @param {Catalogue} translate @param {string} subject @param {() => void} onBack
 */
function aboveAttached(translate, subject, onBack) {
  return [
    html("div", { class: "actions" }, html("button", {
      type: "button", text: translate("back_to_outer"), data: { test: "back-to-outer" }, on: { click: onBack },
    })),
    html("p", {
      class: "note", data: { test: "attached-to" },
      text: translate("attached_to", { subject: isolate(subject || translate("no_subject")) }),
    }),
  ];
}

/**
 * The help with a message that is encrypted for other keys; null if the vault cannot describe them.
 * @param {ReadingServices} services
 * @param {ArrayBuffer} message
 * @param {AbortSignal} signal
 */
async function describeClosed(services, message, signal) {
  const closed = await services.mailVault.closed(message, signal).catch(() => null);
  return closed && createNotForMe(services, closed);
}

const MISSED = new Set(["unreachable", "not-kept-here"]);

/** Whether an error says that a message is encrypted for other keys than the unlocked keys. @param {unknown} error */
function isForOthers(error) {
  return /** @type {{code?: string}} */ (error ?? {}).code === "no-matching-recipient";
}
