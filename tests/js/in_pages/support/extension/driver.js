/** The functions that tests/support/extension/driver.py runs in pages. */

export function button(selector, sibling) {
  const field = document.querySelector(selector);
  const box = field?.[sibling];
  const { height = 0 } = box?.getBoundingClientRect() ?? {};
  const isButton = height >= 44 && height < 100;
  const edge = sibling === "nextElementSibling" ? "end" : "start";
  (isButton ? box : field)?.scrollIntoView({ block: isButton ? "center" : edge, behavior: "instant" });
  const { x, y } = box?.getBoundingClientRect() ?? {};
  return isButton && { x: Math.round(x + 24), y: Math.round(y + 24) };
}

export function firefoxMenu(id, info) {
  const { ExtensionParent } = ChromeUtils.importESModule("resource://gre/modules/ExtensionParent.sys.mjs");
  const window = Services.wm.getMostRecentWindow("navigator:browser");
  const { extension } = ExtensionParent.WebExtensionPolicy.getByID(id);
  extension.emit("webext-menu-menuitem-click", info, window.gBrowser.selectedTab);
}

export async function unlockInPage(keyFile, passphrase) {
  const { askWithSecrets } = await import("/source/browser_ext/shared/request.js");
  const buffer = new Uint8Array(4096);
  const { written } = new TextEncoder().encodeInto(passphrase, buffer);
  await askWithSecrets("page.unlock", { keyFile }, { passphrase: { buffer: buffer.buffer, length: written } });
}

export async function closeProposal() {
  document.querySelector("[data-test=accept-dialog]").close();
  const { runtime } = globalThis.browser ?? chrome;
  while ((await runtime.sendMessage({ type: "trust.proposal", body: {} })).value) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export function tickProposed() {
  for (const note of document.querySelectorAll("[data-test=proposed]")) {
    note.closest("li").querySelector("input:not(:checked, :disabled)")?.click();
  }
}

export async function stopEventPage(id) {
  const { ExtensionParent } = ChromeUtils.importESModule("resource://gre/modules/ExtensionParent.sys.mjs");
  const { extension } = ExtensionParent.WebExtensionPolicy.getByID(id);
  await extension.terminateBackground({ ignoreDevToolsAttached: true, disableResetIdleForTest: true });
}
