/** The dialog that asks for a second factor at a login: a code of the person's app, or a touch of a security key. */

import { bytesFromBase64 } from "../vault/base64.js";
import { askSecurityKey, canUseSecurityKeys } from "../vault/security_key.js";
import { openDialog } from "./dialog.js";
import { html, uniqueId } from "./dom.js";
import { problem } from "./parts.js";
import { ApiError } from "../vault/json_requests.js";
import { codeForm } from "./code_field.js";
import { base64Members } from "./factor_messages.js";

/** @typedef {import("./key_account_view.js").App} App */
/** @typedef {import("../vault/key_account.js").FactorDemand} FactorDemand */

/**
 * @param {App} app
 * @param {FactorDemand} demand
 * @param {(proof: object) => Promise<object>} prove
 * @returns {Promise<object>} the answer to the right factor; rejects with `factor-cancelled`
 */
export function askFactor(app, demand, prove) {
  return new Promise((resolve, reject) => openAsking(app, demand, prove, { resolve, reject }));
}

/**
 * @param {App} app
 * @param {FactorDemand} demand
 * @param {(proof: object) => Promise<object>} prove
 * @param {{resolve: (answer: object) => void, reject: (error: unknown) => void}} outcome
 */
function openAsking(app, demand, prove, { resolve, reject }) {
  const { translate } = app;
  const failure = problem("factor-error");
  const titleId = uniqueId("factor");
  /** @param {() => Promise<object>} makeProof */
  const attempt = async (makeProof) => {
    try {
      resolve(await prove(await makeProof()));
    } catch (error) {
      if (isRepeatable(error)) throw error;
      reject(error);
    }
    dialog.close();
  };
  const code = demand.factors.includes("totp")
    ? codeForm(app, { test: "factor", submit: translate("factor_continue"), failure }, (typed) =>
      attempt(async () => ({ kind: "totp", code: typed })))
    : null;
  const key = demand.factors.includes("webauthn") ? createKeyButton(app, demand, failure, attempt) : null;
  const cancel = html("button", {
    type: "button", class: "quiet", text: translate("factor_cancel"), data: { test: "factor-cancel" },
  });
  cancel.addEventListener("click", () => dialog.close());
  const dialog = openDialog(
    {
      titleId, test: "factor-dialog", isWide: false,
      onClose: () => reject(new ApiError("factor-cancelled", "no second factor was given")),
    },
    html("h2", { id: titleId, text: translate("factor_title") }),
    html("p", { text: translate(meaningFor(demand)) }),
    code, key, failure,
    html("div", { class: "actions" }, cancel),
  );
}

/** @param {FactorDemand} demand */
function meaningFor({ factors }) {
  if (!factors.includes("webauthn")) return "factor_by_code";
  return factors.includes("totp") ? "factor_by_either" : "factor_by_key";
}

/**
 * @param {App} app
 * @param {FactorDemand} demand
 * @param {HTMLElement} failure
 * @param {(makeProof: () => Promise<object>) => Promise<void>} attempt
 */
function createKeyButton(app, { challenge, credentials }, failure, attempt) {
  const { translate } = app;
  if (!canUseSecurityKeys()) return html("p", { class: "note", text: translate("factor_key_not_here") });
  const button = html("button", { type: "button", text: translate("factor_use_key"), data: { test: "factor-key" } });
  const ask = () => askSecurityKey(bytesFromBase64(challenge), credentials.map(bytesFromBase64));
  button.addEventListener("click", () => app.attempt(button, translate("factor_touch_key"), failure, () =>
    attempt(async () => ({ kind: "webauthn", ...base64Members(await ask()) }))));
  return html("div", { class: "actions" }, button);
}

/** Whether the person may try again in the same dialog. @param {unknown} error */
function isRepeatable(error) {
  const code = error instanceof Error && "code" in error ? error.code : "";
  return ["factor-refused", "try-later", "unreachable", "passkey-cancelled", "passkey-failed"].includes(String(code));
}
