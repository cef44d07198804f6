/** The functions that tests/pages/test_housekeeping.py runs in pages. */

export function anActWhoseAnswerIsLostIsNotSaidToHaveChangedNothing() {
  const real = window.fetch;
  window.fetch = async (url, options) => {
    const answer = await real(url, options);
    if (String(url).endsWith("/move")) throw new TypeError("the connection was lost");
    return answer;
  };
}

export function aRefusedActBringsTheRowsBackAndSaysWhy() {
  const real = window.fetch;
  window.fetch = async (url, options) => (String(url).endsWith("/move")
    ? Response.json({ code: "mail-server-refused", message: "no" }, { status: 502 }) : real(url, options));
}

export function aServerThatOnlyMarksSaysSoAndKeepsTheRows() {
  const real = window.fetch;
  window.fetch = async (url, options) => (String(url).endsWith("/move")
    ? Response.json({ undo: [], markedOnly: true }) : real(url, options));
}

export function withoutAPlaceForAnArchiveTheButtonSaysWhy() {
  const real = window.fetch;
  window.fetch = async (url, options) => (String(url).endsWith("/folders") && options?.method === "POST"
    ? Response.json({ code: "mail-server-refused", message: "no" }, { status: 502 }) : real(url, options));
}
