/** The functions that tests/extension/in_pages/test_calm_windows.py runs in pages. */

export async function hasty(way) {
  const button = document.querySelector("[data-agrees]");
  const api = globalThis.browser ?? chrome;
  // Without a display no window moves; what the browser says of its place does.
  if (way === "moved") Object.defineProperty(window, "screenX", { value: screenX + 40 });
  if (way === "resized") Object.defineProperty(window, "innerHeight", { value: innerHeight - 40 });
  if (way === "focus") window.dispatchEvent(new Event("focus"));
  if (way === "drawn") document.querySelector("#identity")?.dispatchEvent(new Event("change"));
  (button.isConnected ? button : document.querySelector("[data-agrees]")).click();
  return document.querySelector("[data-test=calm-hint]") !== null;
}

export async function agreeing() {
  const { openForm } = await import("/source/browser_ext/options/parts.js");
  openForm({ title: "t", content: [], verb: "v", test: "tried", onSubmit: async () => { window.agreed = true; } });
  const go = document.querySelector("[data-test=tried-go]");
  go.click();
  const early = window.agreed === true;
  // The imported module brings a calm rule of its own beside the page's, which may take longer.
  for (let tries = 0; tries < 50 && !window.agreed; tries++) {
    await new Promise((done) => setTimeout(done, 100));
    go.click();
  }
  return [early, window.agreed === true];
}

export async function oneWindowWaitsForEachTabWhicheverFramesAsk() {
  const { open } = await import("/source/browser_ext/background/browser/prompt_window.js");
  const jobs = await import("/source/browser_ext/background/jobs/jobs.js");
  const ask = async (tabId, id) => {
    const job = { id, tabId, frame: "", kind: "altered", origin: "https://a.test", ancestors: [], state: "waiting",
      replyKey: [], page: { tabId, frameId: 0, documentId: "" }, notice: { text: "t", isSent: false } };
    await jobs.save(job);
    return open(job).then(() => "opened", ({ code }) => code);
  };
  return Promise.all([ask(4711, "a"), ask(4711, "b"), ask(4711, "c"), ask(4712, "d")]);
}
