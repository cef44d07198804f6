/** The notice that somebody is resetting the account at the key server, with a button that stops the reset. */

import { html, problem } from "./dom.js";
import { longDate } from "./formats.js";

/** @typedef {import("./key_account_view.js").App} App */

const MILLISECONDS = 1_000;

/**
 * @param {Pick<App, "translate" | "attempt" | "announce">} app
 * @param {number} ready the time from which the reset may be finished, in seconds since 1970
 * @param {(() => Promise<unknown>) | null} stop null if the person has to log in first
 */
export function createResetNotice(app, ready, stop) {
  const { translate } = app;
  const date = longDate(new Date(ready * MILLISECONDS).toISOString());
  const failure = problem("reset-error");
  const end = async () => {
    await stop?.();
    app.announce(translate("reset_stopped"));
  };
  const button = html("button", {
    type: "button", text: translate("reset_stop"), hidden: stop === null, data: { test: "reset-stop" },
    on: { click: () => app.attempt(button, translate("reset_stopping"), failure, end) },
  });
  return html(
    "div", { class: "notice", data: { test: "reset-notice" } },
    html("p", { text: translate("reset_goes_on", { date }) }), button, failure,
  );
}
