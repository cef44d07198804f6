/** Keys that the person makes here. An authority certifies a key, and the person joins its answer with the key. */
import { saveFile } from "../../wasm_build/ui/attachments.js";
import { html } from "../../wasm_build/ui/dom.js";
import { SecretField } from "../../wasm_build/ui/secret_field.js";
import { day, text } from "../shared/i18n.js";
import { askWithSecrets } from "../shared/request.js";
import { withPassphrase } from "./identities.js";
import { button, createNewPassphrase, field, fileNameOf, openForm, removeButton, tellDone } from "./parts.js";

/** @typedef {import("../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {Omit<KeyRequest, "key">} ListedRequest */
/** @typedef {{translate: Catalogue, refresh: () => Promise<void>}} Context */

const KINDS = ["rsa-3072", "p-256", "p-384"];

/** @param {Context} context @param {string[]} addresses in the form at first; empty for a new key */
export function openRequest({ translate, refresh }, addresses) {
  const address = html("input", {
    type: "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false", dir: "ltr",
    value: addresses.join(", "), data: { test: "request-address" },
  });
  const name = html("input", { type: "text", autocomplete: "off", spellcheck: "false", dir: "auto", data: { test: "request-name" } });
  const kind = html("select", { data: { test: "request-kind" } }, ...KINDS.map((value) =>
    html("option", { value, text: text(`keysKind_${value.replace("-", "_")}`) })));
  const next = createNewPassphrase(translate, { label: text("keysNewPassphrase"), hint: text("keysRequestPassphraseHint") });
  openForm({
    title: text(addresses.length ? "keysRenewTitle" : "keysRequestTitle"), test: "request", verb: text("keysRequestGo"),
    content: [
      html("p", { text: text(addresses.length ? "keysRenewMeaning" : "keysRequestMeaning") }),
      field(text("keysRequestAddress"), address, text("keysRequestAddressHint")), field(text("keysRequestName"), name, text("keysRequestNameHint")),
      field(text("keysKind"), kind), next.element,
    ],
    onClose: () => next.clear(),
    onSubmit: async () => {
      const wanted = address.value.split(/[\s,;]+/u).filter(Boolean);
      const secret = next.read();
      if (!secret) return false;
      const { request } = await askWithSecrets("request.make", {
        addresses: wanted, commonName: name.value.trim(), kind: kind.value,
      }, { passphrase: secret });
      saveFile(`${fileNameOf(wanted[0])}.csr`, request);
      await refresh();
      tellDone("identities", text("keysRequestMade"));
      return true;
    },
  });
}

/** @param {Context} context @param {ListedRequest} waiting */
export function requestCard(context, waiting) {
  const { id, addresses, createdAt, request } = waiting;
  const [address] = addresses;
  return html("li", { class: "card", data: { test: "waiting-request" } },
    html("div", { class: "who" }, html("div", { class: "name", text: addresses.join(", "), dir: "ltr" }),
      html("div", { class: "muted", text: text("keysWaitingSince", day(createdAt)) })),
    html("div", { class: "actions" },
      button(text("keysFinish"), { data: { test: "finish-request" }, on: { click: () => openFinish(context, waiting) } }),
      button(text("keysSaveRequest"), { class: "quiet", on: { click: () => saveFile(`${fileNameOf(address)}.csr`, request) } }),
      removeButton("request.drop", id, address, context.refresh)));
}

/** @param {Context} context @param {ListedRequest} waiting */
function openFinish({ translate, refresh }, { id, addresses }) {
  const files = html("input", { type: "file", multiple: true, accept: ".pem,.crt,.cer,.der,.p7c,.p7b", data: { test: "finish-files" } });
  const current = new SecretField({ translate, label: text("keysRequestPassphrase"), hint: text("keysRequestPassphraseAsked") });
  openForm({
    title: text("keysFinishTitle", addresses.join(", ")), test: "finish", verb: text("keysFinishGo"),
    content: [html("p", { text: text("keysFinishMeaning") }), field(text("keysFinishFiles"), files), current.element],
    onClose: () => current.clear(),
    onSubmit: async () => {
      const sent = await Promise.all([...(files.files ?? [])].map((file) => file.arrayBuffer()));
      if (!sent.length) throw Object.assign(new Error("no file"), { code: "no-certificate-file" });
      await withPassphrase(current, (passphrase) => askWithSecrets("request.finish", { id, files: sent }, { passphrase }));
      await refresh();
      return true;
    },
  });
}
