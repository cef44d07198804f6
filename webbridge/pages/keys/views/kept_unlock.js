/** Unlocking the keys that are kept on this device, while the key server cannot be reached. */

import { createForm, html, problem, whileBusy } from "../../../../wasm_build/ui/dom.js";
import { SecretField } from "../../../../wasm_build/ui/secret_field.js";
import { forgetOpenings } from "../../offline/kept_openings.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../../app/services.js").View} View */
/** @typedef {import("../../offline/away.js").Away} Away */
/** @typedef {import("../../app/services.js").SentenceFor} SentenceFor */
/** @typedef {import("../../app/services.js").Navigate} Navigate */
/** @typedef {{translate: Catalogue, away: Away, sentenceFor: SentenceFor}} KeptUnlockServices */
/**
 * @typedef {{
 *   translate: Catalogue, navigate: Navigate, mailPath: () => string,
 * } & KeptUnlockServices} AwayViewServices
 */
/** @typedef {import("../../offline/kept_openings.js").KeptOpening} KeptOpening */

/**
 * The form to unlock the keys that are kept on this device. If several accounts have the same passphrase, the person
 * chooses one.
 * @param {KeptUnlockServices} services
 * @param {{onUnlocked: () => void}} options
 */
export function createKeptUnlock(services, { onUnlocked }) {
  const { translate } = services;
  const field = new SecretField({
    translate, label: translate("kept_passphrase"), hint: translate("kept_passphrase_hint"), onSubmit: () => form.requestSubmit(),
  });
  const failure = problem("kept-unlock-error");
  const button = html("button", { class: "primary", type: "submit", text: translate("unlock"), data: { test: "kept-unlock-submit" } });
  const choice = new AccountChoice(translate, (chosen, opening) => enter(chosen, async () => opening));
  const submit = () => {
    if (field.length === 0) return field.setError(translate("error_passphrase_missing"));
    field.setError("");
    return enter(button, async () => {
      const openings = await services.away.find(field.copy());
      field.clear();
      if (openings.length === 1) return openings[0] ?? null;
      element.replaceChildren(choice.show(openings), failure);
      return null;
    });
  };
  const enter = (/** @type {HTMLButtonElement} */ pressed, /** @type {() => Promise<KeptOpening | null>} */ open) =>
    whileBusy(pressed, translate("unlocking"), async () => {
      failure.textContent = "";
      const opening = await open();
      if (!opening) return;
      await services.away.enter(opening);
      choice.forget(opening);
      onUnlocked();
    }, (error) => {
      const code = error instanceof Error && "code" in error ? error.code : "";
      field.clear();
      choice.forget();
      element.replaceChildren(form, failure);
      if (code === "wrong-passphrase") field.setError(translate("kept_passphrase_wrong"));
      else failure.textContent = services.sentenceFor(error);
    }).then(() => choice.focus());
  const form = createForm(
    { class: "stack", data: { test: "kept-unlock-form" } }, submit, field.element, html("div", { class: "actions" }, button),
  );
  const element = html("div", { class: "stack" }, form, failure);
  return {
    element,
    focus: () => field.focus(),
    clear: () => {
      field.clear();
      choice.forget();
    },
  };
}

/** The accounts that one passphrase has opened, each with a button that shows it. */
class AccountChoice {
  #translate;
  #choose;
  /** @type {KeptOpening[]} */
  #openings = [];
  /** @type {HTMLElement | null} */
  #element = null;

  /** @param {Catalogue} translate @param {(pressed: HTMLButtonElement, chosen: KeptOpening) => void} choose */
  constructor(translate, choose) {
    this.#translate = translate;
    this.#choose = choose;
  }

  /** @param {KeptOpening[]} openings */
  show(openings) {
    this.#openings = openings;
    const buttons = openings.map((opening) => {
      const button = html("button", {
        type: "button", dir: "auto", text: opening.address, data: { test: "kept-account" },
        on: { click: () => this.#choose(button, opening) },
      });
      return button;
    });
    this.#element = html(
      "div", { class: "stack", role: "group", "aria-labelledby": "kept-choice", data: { test: "kept-choice" } },
      html("p", { id: "kept-choice", text: this.#translate("kept_choice") }), html("div", { class: "actions" }, ...buttons),
    );
    return this.#element;
  }

  /** Moves the focus to the first account, once they are shown. */
  focus() {
    if (this.#openings.length > 0) this.#element?.querySelector("button")?.focus();
  }

  /** Overwrites the keys of all accounts except the chosen one. @param {KeptOpening} [chosen] */
  forget(chosen) {
    forgetOpenings(this.#openings.filter((opening) => opening !== chosen));
    this.#openings = [];
  }
}

/**
 * The view of a start without a connection.
 * @param {AwayViewServices} services
 * @returns {View}
 */
export function createAwayView(services) {
  const { translate } = services;
  const heading = html("h1", { tabindex: -1, text: translate("away_title") });
  const unlock = createKeptUnlock(services, { onUnlocked: () => services.navigate(services.mailPath()) });
  return {
    element: html(
      "div", { class: "narrow stack", data: { test: "away-view" } },
      heading, html("p", { class: "lede", text: translate("away_meaning") }), unlock.element,
      html("div", { class: "actions" }, html("button", {
        type: "button", class: "quiet", text: translate("try_again"), data: { test: "away-again" }, on: { click: () => location.reload() },
      })),
    ),
    heading, titleKey: "away_title", focus: unlock.focus, close: unlock.clear,
  };
}
