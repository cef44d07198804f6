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
      shared.offerMail();
    }, RESCAN_MILLISECONDS);
  }

  /** @type {Parameters<typeof api.runtime.onMessage.addListener>[0]} */
  function receive(message, sender, reply) {
    // Only the background speaks to pages; it stands in no tab.
    const host = sender.id === api.runtime.id && !sender.tab && shared.hosts.get(message?.frame);
    if (!host) return;
    host.receive(message);
    reply(true);
  }

  /** The person asked for it by the toolbar, the menu or the keyboard. @returns {boolean} whether there is something */
  function activateFocused() {
    const focused = document.activeElement;
    // A document keeps its active element when the focus goes to another frame of the page.
    const isFocused = window === window.top || document.hasFocus();
    if (!(focused instanceof HTMLTextAreaElement) || !isFocused) return shared.offerButtons() + shared.offerMail({ isAsked: true }) > 0;
    shared.activate(focused);
    return true;
  }
  shared.activateFocused = activateFocused;

  api.runtime.onMessage.addListener(receive);
  new MutationObserver(rescanSoon).observe(document, {
    childList: true, subtree: true, attributes: true, attributeFilter: ["data-smime"],
  });
  // What a page's script puts into a field causes no event; the person's coming to it does.
  addEventListener("focusin", rescanSoon);
  shared.offerButtons();
  shared.offerMail();
})();
