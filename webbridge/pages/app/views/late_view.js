/** A view whose content is a separate script. The script is loaded when the view is first shown, so that the start of the pages does not wait for it. */

import { html, problem } from "../../../../wasm_build/ui/dom.js";
import { ApiError } from "../../../../wasm_build/vault/server/json_requests.js";

/** @typedef {import("../services.js").View} View */
/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {import("../services.js").SentenceFor} SentenceFor */
/** @typedef {{translate: Catalogue, sentenceFor: SentenceFor, mailPath: () => string}} LateViewServices */
/** @typedef {{element: HTMLElement, close: () => void}} Content */

/**
 * @param {LateViewServices} services
 * @param {{name: string, titleKey: string, meaning: string, load: () => Promise<void>, create: () => Content}} options `name` is for
 *   tests; `create` is called after the script is loaded
 * @returns {View}
 */
export function createLateView(services, { name, titleKey, meaning, load, create }) {
  const { translate } = services;
  const heading = html("h1", { tabindex: -1, text: translate(titleKey) });
  const failure = problem(`${name}-load-error`);
  const again = html("button", { type: "button", text: translate("try_again"), hidden: true, on: { click: () => void fill() } });
  const body = html("div", { class: "stack" });
  let close = () => {};
  let isClosed = false;

  const fill = async () => {
    failure.textContent = "";
    again.hidden = true;
    body.replaceChildren(html("p", { class: "note", text: translate("loading") }));
    try {
      await load();
    } catch (error) {
      body.replaceChildren();
      failure.textContent = services.sentenceFor(new ApiError("unreachable", String(error)));
      again.hidden = false;
      return;
    }
    if (isClosed) return;
    const content = create();
    close = () => content.close();
    body.replaceChildren(content.element);
  };

  void fill();
  return {
    element: html(
      "div", { class: "narrow stack", data: { test: `${name}-view` } },
      heading, html("p", { class: "lede", text: meaning }), failure, again, body,
      html("div", { class: "actions" }, html("a", { class: "button", href: `#${services.mailPath()}`, text: translate("to_the_mail") })),
    ),
    heading, titleKey, close: () => { isClosed = true; close(); },
  };
}
