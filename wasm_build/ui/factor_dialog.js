/** The dialog that asks for a second factor at a login: a code of the person's app, or a touch of a security key. */

import { bytesFromBase64 } from "../vault/values/base64.js";
import { askSecurityKey, canUseSecurityKeys } from "../vault/account/security_key.js";
import { html, openDialog, problem, uniqueId } from "./dom.js";
import { ApiError } from "../vault/server/json_requests.js";
import { codeForm } from "./code_field.js";
import { base64Members } from "./factor_messages.js";

/** @typedef {import("./key_account_view.js").App} App */
/** @typedef {import("../vault/types/account.js").FactorDemand} FactorDemand */
/** @typedef {{kind: "totp" | "webauthn", [member: string]: string}} Proof */
/** @typedef {"factor_key_not_here" | "factor_key_in_pages"} KeyObstacle the key of the text that says why security keys do not work here */

/**
 * @template Answer
 * @param {App} app
 * @param {FactorDemand} demand
 * @param {(proof: Proof) => Promise<Answer>} prove
 * @param {KeyObstacle | null} [keyObstacle]
 * @returns {Promise<Answer>} the answer to the right factor; rejects with `factor-cancelled`
 */
export function askFactor(app, demand, prove, keyObstacle = canUseSecurityKeys() ? null : "factor_key_not_here") {
  return new Promise((resolve, reject) => openAsking(app, demand, prove, { resolve, reject, keyObstacle }));
}

/**
 * @template Answer
 * @param {App} app
 * @param {FactorDemand} demand
 * @param {(proof: Proof) => Promise<Answer>} prove
 * @param {{
 *   resolve: (answer: Answer) => void, reject: (error: unknown) => void, keyObstacle: KeyObstacle | null,
 * }} outcome
 */
function openAsking(app, demand, prove, { resolve, reject, keyObstacle }) {
  const { translate } = app;
  const failure = problem("factor-error");
  const titleId = uniqueId("factor");
  /** @param {() => Promise<Proof>} makeProof */
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
    ? codeForm(app, { test: "factor", submit: translate("continue"), failure }, (typed) =>
      attempt(async () => ({ kind: "totp", code: typed })))
    : null;
  const hasKey = demand.factors.includes("webauthn");
  const obstacle = hasKey && keyObstacle ? html("p", { class: "note", text: translate(keyObstacle), data: { test: "factor-no-key" } }) : null;
  const key = hasKey && !keyObstacle ? createKeyButton(app, demand, failure, attempt) : null;
  const meaning = meaningFor(code !== null, key !== null);
  const cancel = html("button", {
    type: "button", class: "quiet", text: translate("cancel"), data: { test: "factor-cancel" },
    on: { click: () => dialog.close() },
  });
  const dialog = openDialog(
    {
      titleId, test: "factor-dialog", isWide: false,
      onClose: () => reject(new ApiError("factor-cancelled", "no second factor was given")),
    },
    html("h2", { id: titleId, text: translate("factor_title") }),
    meaning && html("p", { text: translate(meaning) }),
    code, key, obstacle, failure,
    html("div", { class: "actions" }, cancel),
  );
}

/** The key of the text that says what to do; null if no factor works here. @param {boolean} byCode @param {boolean} byKey */
function meaningFor(byCode, byKey) {
  if (byCode) return byKey ? "factor_by_either" : "factor_by_code";
  return byKey ? "factor_by_key" : null;
}

/**
 * @param {App} app
 * @param {FactorDemand} demand
 * @param {HTMLElement} failure
 * @param {(makeProof: () => Promise<Proof>) => Promise<void>} attempt
 */
function createKeyButton(app, { challenge, credentials }, failure, attempt) {
  const { translate } = app;
  const ask = () => askSecurityKey(bytesFromBase64(challenge), credentials.map(bytesFromBase64));
  const use = () => attempt(async () => ({ kind: "webauthn", ...base64Members(await ask()) }));
  const button = html("button", {
    type: "button", text: translate("factor_use_key"), data: { test: "factor-key" },
    on: { click: () => app.attempt(button, translate("factor_touch_key"), failure, use) },
  });
  return html("div", { class: "actions" }, button);
}

/** Whether the person may try again in the same dialog. @param {unknown} error */
function isRepeatable(error) {
  const code = error instanceof Error && "code" in error ? error.code : "";
  return ["factor-refused", "try-later", "unreachable", "passkey-cancelled", "passkey-failed"].includes(String(code));
}
