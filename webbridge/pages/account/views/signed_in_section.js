/** The setting of the account that is signed in: its address, the other accounts of this browser, and the sign-out. */

import { html } from "../../../../wasm_build/ui/dom.js";
import { isolate } from "../../../../wasm_build/ui/formats.js";
import { askToSignOut } from "./sign_out_question.js";

/** @param {import("./sign_out_question.js").SignOutServices} services */
export function createSignedIn(services) {
  const { translate, address } = services;
  const signOut = html("button", {
    type: "button", text: translate("sign_out"), data: { test: "settings-sign-out" }, on: { click: () => void askToSignOut(services) },
  });
  return html(
    "section", { class: "stack", "aria-labelledby": "signed-in-title" },
    html("h2", { id: "signed-in-title", text: translate("setting_signed_in") }),
    html("p", { text: translate("setting_signed_in_as", { address: isolate(address ?? "") }) }),
    html(
      "div", { class: "actions" },
      html("a", { class: "button", href: "#/accounts", text: translate("accounts_title"), data: { test: "settings-accounts" } }), signOut,
    ),
  );
}
