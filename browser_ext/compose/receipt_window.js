/**
 * The window in which the person gives a signed receipt. The window says who gets the receipt and what they learn from
 * it. No page can cover this window, and nothing leaves before the click on its button.
 */
import { createForm, html } from "../../wasm_build/ui/dom.js";
import { isolate, sameAddress } from "../../wasm_build/ui/formats.js";
import { siteBox } from "../shared/around_notes.js";
import { translate } from "../texts/texts.js";
import { provedSender } from "../shared/report_view.js";
import { addressList } from "./letter_parts.js";
import { SenderChoice } from "./sender_choice.js";
import { Sending } from "./sending.js";

/** @typedef {import("./letter_window.js").Claim} Claim */

export class ReceiptWindow {
  #courier;
  #claim;
  #asked;

  /**
   * @param {import("../../wasm_build/ui/catalogue.js").Catalogue} translate @param {import("./courier.js").Courier} courier
   * @param {Claim} claim @param {NonNullable<Claim["asked"]>} asked
   */
  constructor(translate, courier, claim, asked) {
    this.#courier = courier;
    this.#claim = claim;
    this.#asked = asked;
    this.heading = html("h1", { tabindex: -1, text: translate("receipt_title") });
    this.sender = new SenderChoice(translate, courier, {
      from: this.#ownReader(), identities: claim.identities, onChange: () => this.#update(), onUnlocked: () => this.#refresh(),
    });
    const learns = html("p", { text: translate("receipt_tells", { addresses: addressList(asked.to) }), data: { test: "receipt-tells" } });
    this.sending = new Sending(translate, courier, { deliver: claim.deliver, plan: "", host: {
      take: () => this.#take(), onSent: async () => this.#showSent(), onLocked: () => void this.#refresh(), update: () => this.#update(),
    } });
    if (claim.deliver !== "file") this.sending.button.textContent = translate("receipt_send");
    const leave = html("button", {
      type: "button", class: "quiet", text: translate("not_now"), data: { test: "receipt-leave" }, on: { click: () => void courier.close() },
    });
    const form = createForm({ class: "letter" }, () => this.sending.submit(),
      html("p", { text: translate("receipt_asked", { name: isolate(provedSender(asked.report)) }), data: { test: "receipt-asked" } }), learns,
      this.sender.element, this.sender.unlockPlace,
      claim.deliver === "file" ? html("p", { class: "field-hint", text: translate("receipt_as_file") }) : "",
      this.sending.failure, this.sending.progress.element, this.sending.remedies,
      html("div", { class: "actions" }, this.sending.button, leave));
    this.element = html("div", { class: "writing stack" }, this.heading, siteBox(claim), form);
  }

  async begin() {
    addEventListener("focus", () => void this.#refresh());
    this.sender.show();
    this.#update();
    this.heading.focus();
  }

  /** The person's address to which the mail was sent; "" if the mail names none. */
  #ownReader() {
    const own = this.#claim.identities.flatMap(({ addresses }) => addresses);
    return own.find((address) => this.#asked.readers.some((reader) => sameAddress(reader, address))) ?? "";
  }

  #take() {
    const { identity, address, isLocked } = this.sender;
    if (isLocked || !identity) {
      this.sender.focusPassphrase();
      return null;
    }
    const receipt = { identity: identity.fingerprint, from: address };
    return {
      isEncrypted: false,
      send: (/** @type {{again: boolean}} */ options) => this.#courier.sendReceipt(receipt, options),
      finish: () => this.#courier.finishReceipt(receipt),
    };
  }

  #showSent() {
    const { deliver, origin } = this.#claim;
    const isFile = deliver === "file";
    const heading = html("h1", { tabindex: -1, text: translate(isFile ? "compose_saved" : "receipt_sent"), data: { test: "sent" } });
    const next = origin ? translate("compose_saved_hint", { site: isolate(origin) }) : translate("compose_saved_next");
    this.element.replaceChildren(
      heading, html("p", { text: isFile ? next : translate("receipt_sent_to", { addresses: addressList(this.#asked.to) }), data: { test: "left" } }),
      html("div", { class: "actions" }, html("button", {
        type: "button", class: "primary", text: translate("close"), data: { test: "close" }, on: { click: () => void this.#courier.close() },
      })));
    heading.focus();
  }

  async #refresh() {
    if (this.sending.isDone) return;
    const identities = await this.#courier.identities().catch(() => null);
    if (identities) this.sender.refresh(identities);
    this.#update();
  }

  #update() {
    this.sending.show(!this.sender.isLocked);
  }
}
