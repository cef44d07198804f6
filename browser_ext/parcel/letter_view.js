/**
 * The written message of a parcel, in the sandboxed view that shows mail. The message itself is not signed. The parcel's signed
 * manifest covers it, so the view shows the verdict on the manifest.
 */
import { overwrite } from "../../wasm_build/vault/memory/cleanup.js";
import { encryptTo } from "../shared/channel.js";
import { direction, locale } from "../texts/texts.js";
import { MAIL_SANDBOX, MAIL_VIEW, viewWords } from "../shared/mail_view_words.js";
import { required } from "../shared/messages.js";
import { packContent } from "../shared/packed_content.js";
import { provedSender } from "../shared/report_view.js";
import { ask } from "../shared/request.js";
import { ViewLink } from "../shared/view_link.js";

/** @typedef {VaultReply<"message.verify">} OpenedLetter */

export class LetterView {
  #view;
  #replyKey;
  /** @type {ArrayBuffer[]} */
  #files;

  /** @param {{view: ViewLink, replyKey: ArrayBuffer, files: ArrayBuffer[]}} parts */
  constructor({ view, replyKey, files }) {
    this.#view = view;
    this.#replyKey = replyKey;
    this.#files = files;
  }

  /**
   * Shows a letter. Overwrites its text, and keeps its files for saving.
   * @param {Element} place @param {OpenedLetter} letter @param {MessageReport} judged the report on the manifest
   */
  static async open(place, letter, judged) {
    /** @type {LetterView | null} */
    let shown = null;
    const onAsk = async (/** @type {import("../shared/view_link.js").ViewQuestion} */ question) =>
      required(shown, "bad-request").#answer(question);
    const view = await ViewLink.open(place, { page: MAIL_VIEW, sandbox: MAIL_SANDBOX, onAsk });
    // A short letter gets a low frame, and a long letter scrolls.
    view.onHeight = (height) => view.element.style.setProperty("--letter-block-size", `${height}px`);
    const replyKey = await view.readMail({ words: viewWords(), language: locale(), direction: direction() });
    const { report, text: whole, passages, attachments } = letter;
    // The parcel protects the letter's header fields too, so no field is marked as unprotected.
    const packed = packContent({ ...letter, report: { ...report, headerProtections: report.headers.map(() => "") } });
    for (const buffer of [whole, ...passages.flatMap((passage) => [passage.text, passage.html])]) if (buffer) overwrite(buffer);
    shown = new LetterView({ view, replyKey, files: attachments.map(({ data }) => data) });
    await view.showMail({ envelope: await encryptTo(replyKey, "opened mail", packed), verdict: verdictFor(judged) });
    return shown;
  }

  /** Shows a new verdict, after authorities were asked. @param {MessageReport} report on the manifest */
  judge(report) {
    void this.#view.judgeMail({ verdict: verdictFor(report) });
  }

  close() {
    this.#files.forEach(overwrite);
    this.#files = [];
    this.#view.element.remove();
  }

  /** @param {import("../shared/view_link.js").ViewQuestion} question */
  async #answer({ name, body }) {
    if (name === "vaultKey") return ask("vault.key");
    if (name === "attached") return ask("parcel.attached", { name: body.name, envelope: body.envelope });
    const file = required(this.#files[body.file], "bad-request");
    return { envelope: await encryptTo(this.#replyKey, "mail file", file.slice(0)) };
  }
}

/** @param {MessageReport} report */
function verdictFor(report) {
  return {
    from: provedSender(report), state: report.state, coverage: { parts: [], isWholeSigned: report.signers.length > 0 }, fieldOrigin: "",
  };
}
