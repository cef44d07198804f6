/**
 * Starts in a page: watches for what there may be something to do with, and brings the other scripts in when there is.
 *
 * Nothing here looks at a whole page twice: once at the start, then at what was added. An element is looked at when it
 * comes near the viewport, or where the person goes, in the browser's idle time; so a page with thousands of fields costs
 * a few milliseconds, and one that adds ten thousand sealed texts stays usable. Empty text fields are left to the
 * selector: what a script has put into one is met where the person points, or goes by keyboard.
 */
(() => {
  /** @type {any} */
  const shared = (globalThis.sealwaxContent ??= {});
  if (shared.activateFocused) return;
  const api = globalThis.browser ?? globalThis.chrome;
  const ASKING = "[data-smime]";
  const CANDIDATES = `${ASKING}, textarea`;
  const TELLING = `${ASKING}, textarea:not(:empty)`;
  const ARMOR_BEGIN = "-----BEGIN CMS-----";
  /**
   * By what each webmail is known that has an adaptor (`adaptors/`).
   * @type {Record<string, {sign: string, hosts?: string[]}>}
   */
  const WEBMAILS = {
    Sealwax: { sign: "#app + #announcer" },
    Roundcube: { sign: 'script[src*="program/js/app."]' },
    SOGo: { sign: '[ng-app="SOGo.MailerUI"]' },
    Gmail: { sign: 'meta[name="application-name"][content="Gmail"]', hosts: ["mail.google.com"] },
    Outlook: {
      sign: 'meta[name="application-name"][content="Outlook"]',
      hosts: ["outlook.live.com", "outlook.office.com", "outlook.office365.com", "outlook.cloud.microsoft"],
    },
  };
  const SIGNS = Object.values(WEBMAILS).map(({ sign }) => sign).join();
  const HOSTS = Object.values(WEBMAILS).flatMap(({ hosts = [] }) => hosts);
  const NEAR_VIEWPORT = "100px";
  const LOOK_AGAIN_MILLISECONDS = 300;
  /** Idle time comes at the latest after this, on a page that is never idle. */
  const IDLE_TIMEOUT_MILLISECONDS = 1000;
  /** A slice of work where the browser gives no idle time. */
  const SLICE_MILLISECONDS = 8;
  /** Beyond this many offers in one document only the focus, the menu and the shortcut offer more. */
  const MAX_OFFERS = 1000;

  /** What a person may use without ever seeing it: a form by Enter, a file field behind a button of the page. */
  const UNSEEN = shared.GUARDED;
  /** A form's controls, and a document's images, shadow its properties. */
  const { matches, closest } = Element.prototype;
  /** Elements near the viewport: what a page's script puts into a field causes no event. @type {Set<HTMLElement>} */
  const near = new Set();
  /** @type {Set<HTMLElement>} */
  const queue = new Set();
  /** @type {Set<Element>} */
  let changed = new Set();
  let offers = 0;
  let isScheduled = false;
  let isMail = false;
  let hasRemovals = false;
  /** By the name of what is brought in. @type {Map<string, Promise<void>>} */
  const loading = new Map();

  const viewport = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!(target instanceof HTMLElement)) continue;
      if (isIntersecting) near.add(target);
      else near.delete(target);
      if (isIntersecting) queue.add(target);
    }
    workWhenIdle();
  }, { rootMargin: NEAR_VIEWPORT });

  /** @param {Node} root */
  function observe(root) {
    mutations.observe(root, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-smime"] });
  }

  /** @param {ShadowRoot} root that the guard has met */
  function watchRoot(root) {
    observe(root);
    watchBelow(root);
  }

  /** @param {Event} event */
  function meetField(event) {
    const [target] = event.composedPath();
    if (!(target instanceof HTMLElement) || !Reflect.apply(matches, target, [CANDIDATES])) return;
    near.add(target);
    if (!isScheduled) lookAgainSoon();
  }

  /** @param {MutationRecord[]} records */
  function noteChanges(records) {
    for (const { type, target, addedNodes, removedNodes } of records) {
      if (type === "attributes") changed.add(/** @type {Element} */ (target));
      for (const node of addedNodes) {
        // What stands here by our own doing is nothing new.
        if (!shared.boxes?.has(node)) changed.add(/** @type {Element} */ (node instanceof Element ? node : target));
      }
      if (removedNodes.length && shared.places?.size) hasRemovals = true;
    }
    if (!isScheduled && (changed.size || hasRemovals)) lookAgainSoon();
  }

  function lookAgainSoon() {
    isScheduled = true;
    setTimeout(() => {
      isScheduled = false;
      hasRemovals = false;
      const roots = changed;
      changed = new Set();
      for (const root of roots) if (root.isConnected) watchBelow(root);
      for (const element of near) if (element.isConnected) queue.add(element); else near.delete(element);
      for (const host of shared.places ?? []) host.checkPlace();
      workWhenIdle();
      lookForMail();
    }, LOOK_AGAIN_MILLISECONDS);
  }

  /** @param {ParentNode} root */
  function watchBelow(root) {
    const around = root instanceof Element ? Reflect.apply(closest, root, [CANDIDATES]) : null;
    if (around) watch(around);
    for (const element of findBelow(root, TELLING)) viewport.observe(element);
    for (const element of findBelow(root, UNSEEN)) watch(element);
    // Elements of the page's own making are where shadow roots are, closed ones above all.
    for (const element of findBelow(root, "*")) if (element.localName.includes("-")) shared.meet(element);
  }

  /** @param {ParentNode} root @param {string} selector @returns {NodeListOf<Element>} */
  function findBelow(root, selector) {
    const kind = [Element, Document].find((one) => root instanceof one) ?? DocumentFragment;
    return Reflect.apply(kind.prototype.querySelectorAll, root, [selector]);
  }

  /** @param {Element} element */
  function watch(element) {
    viewport.observe(element);
    if (Reflect.apply(matches, element, [UNSEEN]) && element instanceof HTMLElement) queue.add(element);
  }

  function workWhenIdle() {
    if (queue.size) requestIdleCallback(work, { timeout: IDLE_TIMEOUT_MILLISECONDS });
  }

  /** @param {IdleDeadline} deadline */
  function work(deadline) {
    const end = performance.now() + SLICE_MILLISECONDS;
    for (const element of queue) {
      if (deadline.didTimeout ? performance.now() > end : deadline.timeRemaining() < 1) break;
      queue.delete(element);
      look(element);
    }
    workWhenIdle();
  }

  /** @param {HTMLElement} element */
  function look(element) {
    if (!mayBeOffered(element)) return;
    if (!shared.offer) void load("fields").then(() => { queue.add(element); workWhenIdle(); }, () => {});
    else if ((offers < MAX_OFFERS || element === document.activeElement) && shared.offer(element)) offers += 1;
  }

  /** @param {HTMLElement} element */
  function mayBeOffered(element) {
    if (Reflect.apply(matches, element, [ASKING])) return true;
    return element instanceof HTMLTextAreaElement && element.value.includes(ARMOR_BEGIN);
  }

  function lookForMail() {
    isMail ||= HOSTS.includes(location.hostname) || document.querySelector(SIGNS) !== null;
    if (isMail) void load("mail").then(() => shared.offerMail(), () => {});
  }

  /**
   * Brings scripts into this document. Rejects when the extension was updated or removed.
   * @param {"fields" | "mail"} part
   */
  function load(part) {
    const known = loading.get(part);
    if (known) return known;
    const loaded = api.runtime.sendMessage({ type: "content.load", body: { part } }).then((reply) => {
      if (reply?.error || !shared.offer) throw new Error(reply?.error?.code ?? "not loaded");
    });
    loading.set(part, loaded);
    loaded.catch(() => loading.delete(part));
    return loaded;
  }

  /** @type {(message: any, sender: chrome.runtime.MessageSender, reply: (answer: any) => void) => boolean} */
  function receive(message, sender, reply) {
    // Only the background speaks to pages; it stands in no tab.
    const host = sender.id === api.runtime.id && !sender.tab && shared.hosts?.get(message?.frame);
    if (!host) return false;
    void Promise.resolve(host.receive(message)).then((answer) => reply(answer || true));
    return true;
  }

  /** The person asked for it by the toolbar, the menu or the keyboard. @returns {boolean} whether there is something */
  function activateFocused() {
    // A document keeps its active element when the focus goes to another frame of the page.
    const isFocused = window === window.top || document.hasFocus();
    if (isFocused && shared.activate(findFocused())) return true;
    const hasField = [...document.querySelectorAll(CANDIDATES)].some(
      (element) => element instanceof HTMLElement && mayBeOffered(element),
    );
    return shared.offerMail({ isAsked: true }) > 0 || hasField;
  }

  /** The focused element, inside open shadow roots too. */
  function findFocused() {
    let focused = document.activeElement;
    while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
    return focused;
  }

  /** Whether this document is of a webmail of this name. @param {string} name */
  function isWebmail(name) {
    const { sign = "", hosts = [] } = WEBMAILS[name] ?? {};
    return hosts.includes(location.hostname) || document.querySelector(sign) !== null;
  }

  Object.assign(shared, { activateFocused, isWebmail, load });
  api.runtime.onMessage.addListener(receive);
  const mutations = new MutationObserver(noteChanges);
  observe(document);
  for (const type of ["focusin", "pointerover"]) shared.listen(type, meetField, { passive: true });
  shared.watchRoot = watchRoot;
  for (const root of shared.knownRoots()) watchRoot(root);
  watchBelow(document);
  lookForMail();
})();
