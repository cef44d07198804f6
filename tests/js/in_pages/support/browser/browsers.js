/** The functions that tests/support/browser/browsers.py runs in pages. */

export async function clickToolbarButton(id) {
  const { ExtensionParent } = ChromeUtils.importESModule("resource://gre/modules/ExtensionParent.sys.mjs");
  const extension = ExtensionParent.WebExtensionPolicy.getByID(id).extension;
  const window = Services.wm.getMostRecentWindow("navigator:browser");
  window.focus();
  await ExtensionParent.apiManager.global.browserActionFor(extension).triggerAction(window);
}
