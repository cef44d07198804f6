/** The form for the server that delivers parcels from any webmail, and for the person's token at this server. */
import { html, whileBusy } from "../../wasm_build/ui/dom.js";
import { isolate } from "../../wasm_build/ui/formats.js";
import { SecretField } from "../../wasm_build/ui/secret_field.js";
import { api } from "../shared/api.js";
import { directoryPattern, safeOrigin } from "../shared/directory_address.js";
import { errorText, translate } from "../texts/texts.js";
import { ask, askWithSecrets } from "../shared/request.js";
import { byId, inputById, removeButton, showProblem, whenSubmitted } from "./parts.js";

/** @param {import("../../wasm_build/ui/catalogue.js").Catalogue} translate @param {() => Promise<void>} refresh */
export function watchParcelServer(translate, refresh) {
  const token = new SecretField({
    translate, label: translate("parcel_settings_token"), hint: translate("parcel_settings_token_hint"), onSubmit: () => void submit(),
  });
  const go = /** @type {HTMLButtonElement} */ (byId("parcel-server-go"));
  byId("parcel-server-token").append(token.element);
  whenSubmitted("parcel-server-form", submit);
  /** The address of the API of the server that was entered last; "" until it is known. */
  let apiAddress = "";

  async function submit() {
    const address = inputById("parcel-server-address").value.trim();
    showProblem("parcel-server-problem", null);
    byId("parcel-server-done").textContent = "";
    token.setError("");
    const origin = safeOrigin(address);
    if (!origin) return refuse({ code: "bad-directory" });
    if (!token.length) return token.setError(translate("parcel_settings_missing"));
    // The permissions are requested during the click, because browsers grant access to a site only then.
    const granting = api.permissions.request({ origins: [...new Set([origin, apiAddress || origin].map(directoryPattern))] }).catch(() => false);
    await whileBusy(go, translate("parcel_settings_checking"), async () => {
      await granting;
      apiAddress = (await ask("parcel-server.look", { address })).api;
      await askWithSecrets("parcel-server.save", { address }, { token: token.copy() });
      token.clear();
      byId("parcel-server-done").textContent = translate("settings_kept");
      await refresh();
    }, refuse);
  }

  /** @param {unknown} error */
  function refuse(error) {
    byId("parcel-server-problem").textContent = errorText(error);
  }
}

/** @param {ReplyTo<"parcel-server.read">} kept @param {() => Promise<void>} refresh @returns {HTMLElement[]} */
export function createParcelServer(kept, refresh) {
  if (!kept) return [];
  const sentence = translate("parcel_settings_kept", { host: isolate(kept.host), address: isolate(kept.address) });
  return [html("div", { class: "card" }, html("p", { class: "who", text: sentence, data: { test: "parcel-server-kept" } }),
    removeButton("parcel-server.remove", kept.server, kept.host, refresh))];
}
