/** Starts in a page: offers buttons now and for what the page adds later, and listens to the background. */
(() => {
  const shared = globalThis.sealwaxContent;
  if (shared.started) return;
  shared.started = true;
  const api = globalThis.browser ?? globalThis.chrome;
  const RESCAN_MILLISECONDS = 300;
  let scheduled = false;

  function rescanSoon() {
    if (scheduled) return;
    scheduled = true;
    setTimeout(() => {
      scheduled = false;
      shared.offerButtons();
    }, RESCAN_MILLISECONDS);
  }

  api.runtime.onMessage.addListener((/** @type {any} */ message, /** @type {chrome.runtime.MessageSender} */ sender) => {
    // Only the background speaks to pages; it stands in no tab.
    if (sender.id !== api.runtime.id || sender.tab) return;
    if (message?.type === "field.activate") activateFocused();
    else shared.hosts.get(message?.frame)?.receive(message);
  });

  function activateFocused() {
    const focused = document.activeElement;
    // A document keeps its active element when the focus goes to another frame of the page.
    const isFocused = window === window.top || document.hasFocus();
    if (focused instanceof HTMLTextAreaElement && isFocused) shared.activate(focused);
    else shared.offerButtons();
  }

  new MutationObserver(rescanSoon).observe(document, {
    childList: true, subtree: true, attributes: true, attributeFilter: ["data-smime"],
  });
  shared.offerButtons();
})();
