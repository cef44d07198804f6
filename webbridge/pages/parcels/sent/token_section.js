/** The tokens with which programs send parcels for the account. The value of a token is shown once, and kept nowhere here. */

import { html } from "../../../../wasm_build/ui/dom.js";
import { dayOnly, isolate } from "../../../../wasm_build/ui/formats.js";
import { attempt, parcelSentence } from "./parcel_errors.js";
import { wholeNumber } from "./parcel_states.js";
import { isTokenName, tokenCommand } from "./token_words.js";

/** @typedef {import("../parcel_requests.js").ListedToken} ListedToken */
/** @typedef {import("./parcels_sent.js").Given} Given */

const USUAL_DAYS = 90;
const MOST_DAYS = 366;

/** @param {Given} given @returns {{element: HTMLElement, close: () => void}} */
export function createTokenSection(given) {
  const { services, parts } = given;
  const { translate } = services;
  const titleId = parts.uniqueId("tokens");
  const title = html("h2", { id: titleId, tabindex: -1, text: translate("parcel_tokens_title") });
  const failure = parts.problem("parcel-tokens-error");
  const list = html("div", { class: "stack", "aria-busy": "true" }, html("p", { class: "note", text: translate("loading") }));
  const again = html("button", { type: "button", text: translate("try_again"), hidden: true, on: { click: () => void load() } });
  /** @type {HTMLDialogElement | null} */
  let shown = null;
  let isClosed = false;

  const load = async () => {
    again.hidden = true;
    try {
      list.replaceChildren(drawTokens(given, await services.api.parcels.tokens(), revoke));
    } catch (error) {
      list.replaceChildren();
      failure.textContent = parcelSentence(services, error);
      again.hidden = false;
    }
    list.setAttribute("aria-busy", "false");
  };

  /** @param {HTMLButtonElement} button @param {ListedToken} token */
  const revoke = (button, { name }) => parts.ask({
    title: translate("parcel_token_revoke_question", { name: isolate(name) }), meaning: translate("parcel_token_revoke_meaning"),
    keep: translate("keep"), go: translate("parcel_token_revoke"), test: "parcel-token-revoke-go", isDanger: true,
    onGo: () => void attempt(given, { button, busy: translate("working"), failure }, async () => {
      await services.api.parcels.revokeToken(name);
      await load();
      services.announceHere(translate("parcel_token_revoked", { name: isolate(name) }));
      // The button that had the focus was removed with its card.
      title.focus();
    }),
  });

  /** @param {HTMLButtonElement} button @param {string} name @param {number} days */
  const make = (button, name, days) => attempt(given, { button, busy: translate("parcel_token_making"), failure }, async () => {
    try {
      // The command has the address of the person, not an address from the bridge.
      const address = services.address ?? "";
      const token = await services.api.parcels.makeToken(name, days, address);
      // The view may have been left, or the account changed, while the token was made.
      if (!isClosed) shown = showToken(given, { token, address });
      form.made();
    } finally {
      // After a lost answer the list shows whether the token was made.
      await load();
    }
  });

  const form = createMaking(given, { make, refuse: (sentence) => { failure.textContent = sentence; } });
  // The browser may keep this page for the Back button, and the kept page must have no token.
  const leave = () => shown?.close();
  addEventListener("pagehide", leave);
  void load();
  return {
    element: html(
      "section", { class: "stack", "aria-labelledby": titleId, data: { test: "parcel-tokens" } },
      title, html("p", { class: "lede", text: translate("parcel_tokens_meaning", { address: isolate(services.address ?? "") }) }),
      failure, list, html("div", { class: "actions" }, again), form.element,
    ),
    close: () => {
      removeEventListener("pagehide", leave);
      isClosed = true;
      leave();
    },
  };
}

/**
 * @param {Given} given
 * @param {{make: (button: HTMLButtonElement, name: string, days: number) => Promise<void>, refuse: (sentence: string) => void}} acts
 */
function createMaking({ services: { translate }, parts }, { make, refuse }) {
  const name = parts.inputField(
    translate("parcel_token_name"), { type: "text", autocomplete: "off", spellcheck: "false", dir: "auto", data: { test: "parcel-token-name" } },
    { hint: translate("parcel_token_name_hint") },
  );
  const days = parts.inputField(
    translate("parcel_token_days"),
    { type: "number", min: 1, max: MOST_DAYS, step: 1, value: USUAL_DAYS, inputmode: "numeric", autocomplete: "off", data: { test: "parcel-token-days" } },
  );
  const button = html("button", { type: "submit", text: translate("parcel_token_make"), data: { test: "parcel-token-make" } });
  const submit = async () => {
    const tokenName = name.input.value.trim();
    const count = wholeNumber(days.input.value, 1, MOST_DAYS);
    if (!isTokenName(tokenName)) {
      refuse(translate("parcel_token_name_wrong"));
      name.input.focus();
    } else if (count === null) {
      refuse(translate("parcel_token_days_wrong", { days: MOST_DAYS }));
      days.input.focus();
    } else {
      await make(button, tokenName, count);
    }
  };
  return {
    element: parts.createForm({ class: "stack" }, submit, name.element, days.element, html("div", { class: "actions" }, button)),
    made: () => { name.input.value = ""; },
  };
}

/** @param {Given} given @param {ListedToken[]} tokens @param {(button: HTMLButtonElement, token: ListedToken) => void} revoke */
function drawTokens({ services: { translate } }, tokens, revoke) {
  if (tokens.length === 0) return html("p", { class: "empty", text: translate("parcel_tokens_none") });
  return html("ul", { class: "cards" }, ...tokens.map((token) => {
    const button = html("button", {
      type: "button", class: "danger-text", text: translate("parcel_token_revoke"), data: { test: "parcel-token-revoke" },
      "aria-label": translate("parcel_token_revoke_named", { name: token.name }), on: { click: () => revoke(button, token) },
    });
    return html(
      "li", { class: "card", data: { test: "parcel-token" } },
      html("h3", { class: "card-title", dir: "auto", text: token.name }),
      html("p", { text: translate("parcel_token_times", { created: dayOnly(token.created), expires: dayOnly(token.expires) }) }),
      html("div", { class: "actions" }, button),
    );
  }));
}

/**
 * Shows a new token, and the command into which the person pastes it.
 * @param {Given} given
 * @param {{token: string, address: string}} made
 */
function showToken({ services, parts }, { token, address }) {
  const { translate } = services;
  const titleId = parts.uniqueId("token");
  const value = html("output", { class: "code", dir: "ltr", translate: "no", text: token, data: { test: "parcel-token-value" } });
  const command = html("output", {
    class: "code", dir: "ltr", translate: "no", text: tokenCommand(document.baseURI, address), data: { test: "parcel-token-command" },
  });
  const status = html("p", { class: "note", role: "status", data: { test: "parcel-token-copied" } });
  /** @param {string} key @param {HTMLElement} from */
  const copy = (key, from) => html("button", {
    type: "button", text: translate(key), data: { test: key.replaceAll("_", "-") },
    on: { click: async () => { status.textContent = translate(await copyText(from) ? "copied" : "parcel_token_not_copied"); } },
  });
  const dialog = parts.openDialog(
    { titleId, test: "parcel-token-dialog", onClose: () => { value.textContent = ""; } },
    html("h2", { id: titleId, text: translate("parcel_token_made_title") }),
    html("p", { text: translate("parcel_token_made") }),
    html("div", { class: "stack" }, value, html("div", { class: "actions" }, copy("parcel_token_copy", value))),
    html("p", { text: translate("parcel_token_use") }),
    html("div", { class: "stack" }, command, html("div", { class: "actions" }, copy("parcel_token_copy_command", command))),
    status,
    html("div", { class: "actions" }, html("button", {
      class: "primary", type: "button", text: translate("parcel_token_done"), data: { test: "parcel-token-done" }, on: { click: () => dialog.close() },
    })),
  );
  return dialog;
}

/** Copies a text. If the browser does not allow this, selects the text for the person. @param {HTMLElement} from */
async function copyText(from) {
  try {
    await navigator.clipboard.writeText(from.textContent ?? "");
    return true;
  } catch {
    getSelection()?.selectAllChildren(from);
    return false;
  }
}
