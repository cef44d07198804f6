/** Keys that the person makes here. An authority certifies a key. Then the person loads the authority's answer here. */
import { saveFile } from "../../wasm_build/ui/attachments.js";
import { html } from "../../wasm_build/ui/dom.js";
import { SecretField } from "../../wasm_build/ui/secret_field.js";
import { day, translate } from "../texts/texts.js";
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
    html("option", { value, text: translate(`keys_kind_${value.replace("-", "_")}`) })));
  const next = createNewPassphrase(translate, { label: translate("new_passphrase"), hint: translate("keys_request_passphrase_hint") });
  openForm({
    title: translate(addresses.length ? "keys_renew_title" : "keys_request_title"), test: "request", verb: translate("keys_request_go"),
    content: [
      html("p", { text: translate(addresses.length ? "keys_renew_meaning" : "keys_request_meaning") }),
      field(translate("mail_address"), address, translate("keys_request_address_hint")), field(translate("keys_request_name"), name, translate("keys_request_name_hint")),
      field(translate("keys_kind"), kind), next.element,
    ],
    onClose: () => next.clear(),
    onSubmit: async () => {
      const ownAddresses = address.value.split(/[\s,;]+/u).filter(Boolean);
      const secret = next.read();
      if (!secret) return false;
      const { request } = await askWithSecrets("request.make", {
        addresses: ownAddresses, commonName: name.value.trim(), kind: kind.value,
      }, { passphrase: secret });
      saveFile(`${fileNameOf(ownAddresses[0])}.csr`, request);
      await refresh();
      tellDone("identities", translate("keys_request_made"));
    },
  });
}

/** @param {Context} context @param {ListedRequest} waiting */
export function requestCard(context, waiting) {
  const { id, addresses, createdAt, request } = waiting;
  const [address] = addresses;
  return html("li", { class: "card", data: { test: "waiting-request" } },
    html("div", { class: "who" }, html("div", { class: "name", text: addresses.join(", "), dir: "ltr" }),
      html("div", { class: "muted", text: translate("keys_waiting_since", { date: day(createdAt) }) })),
    html("div", { class: "actions" },
      button(translate("keys_finish"), { data: { test: "finish-request" }, on: { click: () => openFinish(context, waiting) } }),
      button(translate("keys_save_request"), { class: "quiet", on: { click: () => saveFile(`${fileNameOf(address)}.csr`, request) } }),
      removeButton("request.drop", id, address, context.refresh)));
}

/** @param {Context} context @param {ListedRequest} waiting */
function openFinish({ translate, refresh }, { id, addresses }) {
  const files = html("input", { type: "file", multiple: true, accept: ".pem,.crt,.cer,.der,.p7c,.p7b", data: { test: "finish-files" } });
  const current = new SecretField({ translate, label: translate("keys_request_passphrase"), hint: translate("keys_request_passphrase_asked") });
  openForm({
    title: translate("keys_finish_title", { address: addresses.join(", ") }), test: "finish", verb: translate("keys_finish_go"),
    content: [html("p", { text: translate("keys_finish_meaning") }), field(translate("keys_finish_files"), files), current.element],
    onClose: () => current.clear(),
    onSubmit: async () => {
      const sent = await Promise.all([...(files.files ?? [])].map((file) => file.arrayBuffer()));
      if (!sent.length) throw Object.assign(new Error("no file"), { code: "no-certificate-file" });
      await withPassphrase(current, (passphrase) => askWithSecrets("request.finish", { id, files: sent }, { passphrase }));
      await refresh();
    },
  });
}
