/**
 * The window in which the person signs in to their bridge. It sends the password to the bridge itself, as bytes that it
 * overwrites afterwards. The background gets only the token of the session.
 */
import { overwrite } from "../../wasm_build/vault/memory/cleanup.js";
import { readAtMost } from "../../wasm_build/vault/server/json_requests.js";
import { disturb } from "../../wasm_build/ui/calm.js";
import { createForm, html, inputField, problem, whileBusy } from "../../wasm_build/ui/dom.js";
import { isolate, sameAddress } from "../../wasm_build/ui/formats.js";
import { SecretField } from "../../wasm_build/ui/secret_field.js";
import { api } from "../shared/api.js";
import { directoryPattern } from "../shared/directory_address.js";
import { errorText, translate } from "../texts/texts.js";
import { codeOf, describeError, RequestError } from "../shared/messages.js";
import { createOwnOrigin } from "../shared/own_origin.js";
import { closeWindow, startPage } from "../shared/page_start.js";
import { showPattern } from "../shared/pattern.js";
import { ask } from "../shared/request.js";
import { writeCredentials } from "./credentials.js";

const TIMEOUT_MILLISECONDS = 60_000;
const MAX_ANSWER_BYTES = 100_000;
const main = /** @type {HTMLElement} */ (document.getElementById("main"));
startPage();
showPattern(await ask("pattern.read"));
const { directory, host } = await ask("bridge.read");
/** The address of the bridge's API; "" until it is known. */
let apiAddress = await ask("bridge.find").then((bridge) => bridge.api, () => "");

const address = inputField(translate("mail_address"), {
  type: "email", autocomplete: "username", spellcheck: "false", dir: "ltr", value: decodeURIComponent(location.hash.slice(1)), data: { test: "bridge-address" },
});
const password = new SecretField({
  translate, label: translate("bridge_password"), hint: translate("bridge_password_hint", { host: isolate(host) }), onSubmit: () => void submit(),
});
const failure = problem("sign-in-problem");
const help = html("div", { class: "stack" });
const go = html("button", { type: "submit", class: "primary", text: translate("sign_in"), data: { agrees: "", test: "sign-in" } });
const leave = html("button", { type: "button", text: translate("cancel"), data: { test: "sign-in-cancel" }, on: { click: () => void closeWindow() } });
main.replaceChildren(
  html("h1", { text: translate("bridge_sign_in_title", { host: isolate(host) }) }),
  html("p", { class: "muted", text: translate("bridge_sign_in_meaning") }),
  createForm({ class: "stack", novalidate: true }, submit, address.element, password.element, failure, help, html("div", { class: "actions" }, go, leave)));
disturb();
if (address.input.value) password.focus();
else address.input.focus();

function submit() {
  say(null);
  if (!address.input.value.trim()) {
    say({ code: "bridge-no-address" });
    return address.input.focus();
  }
  if (!password.length) return password.setError(translate("bridge_password_missing"));
  // The permissions are requested during the click, because browsers grant access to a site only then.
  const granting = api.permissions.request({
    origins: [...new Set([directory, apiAddress || directory].map(directoryPattern))],
  }).catch(() => false);
  return whileBusy(go, translate("signing_in"), async () => {
    await granting;
    await signIn();
    await closeWindow();
  }, say);
}

async function signIn() {
  apiAddress ||= (await ask("bridge.find")).api;
  if (!(await api.permissions.contains({ origins: [directoryPattern(apiAddress)] }))) throw new RequestError("bridge-grant-more");
  const { response, members } = await post();
  if (response.ok) return keep(members);
  if (members.code === "login-refused") throw new RequestError("bridge-wrong-password");
  if (response.status === 403 && members.code !== "domain-not-served") throw new RequestError("bridge-not-admitted");
  throw { code: "bridge-said", message: String(members.message ?? "") };
}

/**
 * Keeps the session. The address in the answer may differ from the typed one only in case. With another address, letters would be
 * sent in somebody else's name.
 * @param {Record<string, unknown>} members of the answer
 */
function keep({ address: named, token }) {
  if (typeof named !== "string" || !sameAddress(named, address.input.value.trim())) throw new RequestError("bridge-other-account");
  if (typeof token !== "string") throw new RequestError("bridge-no-answer");
  return ask("bridge.keep", { directory, api: apiAddress, address: named, token });
}

/** @returns {Promise<{response: Response, members: Record<string, unknown>}>} */
async function post() {
  const body = writeCredentials(address.input.value.trim(), password.take());
  try {
    const response = await fetch(`${apiAddress}/api/session`, {
      method: "POST", body, credentials: "omit", redirect: "error", referrerPolicy: "no-referrer", cache: "no-store",
      headers: { "Content-Type": "application/json", "X-Sealwax": "1" }, signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
    });
    return { response, members: JSON.parse(new TextDecoder().decode(await readAtMost(response, MAX_ANSWER_BYTES))) };
  } catch {
    throw new RequestError("bridge-no-answer");
  } finally {
    overwrite(body.buffer);
  }
}

/** @param {unknown} error null removes it */
function say(error) {
  const code = error ? codeOf(error) : "";
  help.replaceChildren(...(code === "bridge-not-admitted" ? [createOwnOrigin()] : []));
  failure.textContent = "";
  if (code === "bridge-wrong-password") return password.setError(errorText(error));
  password.setError("");
  if (!error) return;
  failure.textContent = code === "bridge-said" ? translate("bridge_said", { host: isolate(host), words: isolate(describeError(error).message) }) : errorText(error);
}
