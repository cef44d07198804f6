/** The functions that tests/extension/test_guide.py runs in pages. */

export function watchProgress() {
  globalThis.progressSeen = [];
  new MutationObserver(() => {
    const bar = document.querySelector("[data-test=import-progress]");
    const words = document.querySelector("[data-test=import-words]");
    if (bar && !bar.hidden) globalThis.progressSeen.push(words.textContent);
  }).observe(document.body, { subtree: true, attributes: true, childList: true, characterData: true });
}

export async function declinedWhileJudged() {
  const { ask } = await import("/source/browser_ext/shared/request.js");
  await ask("trust.settings", { mozilla: false, revocation: "if-known" });
  const late = ask("authority.proposal");
  await new Promise((done) => setTimeout(done, 50));
  await ask("authority.drop");
  await late;
  return ask("authority.proposal");
}

export async function acceptInPage(fingerprint, shown) {
  const body = { fingerprint, addresses: ["@example.test"], shown };
  const reply = await chrome.runtime.sendMessage({ type: "authority.accept", body });
  return reply.error?.code ?? null;
}
