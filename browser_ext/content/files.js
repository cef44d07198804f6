/**
 * File controls that ask for sealed files: the browser's own picker never opens. The file is chosen in the extension's
 * window, and the control gets ciphertext under a name that says nothing.
 */
(() => {
  const shared = globalThis.sealwaxContent;
  if (shared.filesStarted) return;
  shared.filesStarted = true;
  const api = globalThis.browser ?? globalThis.chrome;
  /** The files that were put into a control from here. @type {WeakMap<HTMLInputElement, File[]>} */
  const given = new WeakMap();
  /** Controls that were emptied before the page heard of a change. @type {WeakSet<HTMLInputElement>} */
  const emptied = new WeakSet();
  /** @type {WeakSet<HTMLInputElement>} */
  const waiting = new WeakSet();

  /** @param {Event} event @returns {HTMLInputElement | null} the control that asks for sealed files */
  function controlOf(event) {
    const [target] = event.composedPath();
    return isControl(target) ? target : null;
  }

  /** @param {unknown} element @returns {element is HTMLInputElement} */
  function isControl(element) {
    if (!(element instanceof HTMLInputElement) || element.type !== "file") return false;
    const asked = (element.getAttribute("data-smime") ?? "").toLowerCase().split(/\s+/);
    return asked.includes("sign") || asked.includes("encrypt");
  }

  /** @param {Event} event */
  function intercept(event) {
    const input = controlOf(event);
    if (!input) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    // A page's own button calls input.click(); without a person's act before it nothing opens.
    if (event.isTrusted || navigator.userActivation?.isActive) void ask(input);
  }

  shared.listen("click", intercept);
  shared.listen("drop", (/** @type {Event} */ event) => {
    const input = controlOf(event);
    if (!input) return;
    intercept(event);
    // Whatever is dropped on a page, the page can read.
    shared.noteFor(input, api.i18n.getMessage("fileDropped"));
  });
  for (const type of ["input", "change"]) shared.listen(type, refuseForeign);
  // What came into a control before this script did.
  for (const input of document.querySelectorAll("input[type=file][data-smime]")) {
    if (isControl(input) && input.files?.length) takeOut(input);
  }

  /** A page can open the browser's picker by ways that cause no click. @param {Event} event */
  function refuseForeign(event) {
    const input = controlOf(event);
    const files = Array.from(input?.files ?? []);
    if (!input || (!files.length && !emptied.delete(input))) return;
    if (files.length && files.every((file) => given.get(input)?.some((own) => isSame(own, file)))) return;
    event.stopImmediatePropagation();
    if (!files.length) return;
    // The change event of the same choice is still to come.
    if (event.type === "input") emptied.add(input);
    takeOut(input);
  }

  /** @param {HTMLInputElement} input */
  function takeOut(input) {
    input.value = "";
    shared.noteFor(input, api.i18n.getMessage("fileForeign"));
  }

  /** @param {File} one @param {File} other */
  function isSame(one, other) {
    return one.name === other.name && one.size === other.size && one.lastModified === other.lastModified;
  }

  /** @param {HTMLInputElement} input */
  async function ask(input) {
    if (waiting.has(input)) return;
    waiting.add(input);
    try {
      const { smime, smimeTo } = input.dataset;
      const proposed = (smimeTo ?? "").split(/[\s,]+/).filter(Boolean);
      const { job } = await shared.ask("files.request", { smime: smime ?? "", proposed, multiple: input.multiple });
      shared.hosts.set(job, { receive: (/** @type {any} */ message) => receive(input, job, message) });
    } catch (error) {
      waiting.delete(input);
      shared.noteErrorFor(input, error);
    }
  }

  /**
   * @param {HTMLInputElement} asking
   * @param {string} job
   * @param {{type: string, files?: {name: string, size: number}[]}} message from the background
   */
  async function receive(asking, job, { type, files = [] }) {
    shared.hosts.delete(job);
    waiting.delete(asking);
    const input = asking.isConnected ? asking : shared.findSuccessor(asking, isControl);
    if (type !== "files.sealed" || !input) return "gone";
    const sealed = await Promise.all(files.map(({ name, size }, index) => fetchFile(job, index, name, size)));
    const carrier = new DataTransfer();
    for (const file of sealed) carrier.items.add(file);
    given.set(input, sealed);
    input.files = carrier.files;
    shared.noteFor(input, api.i18n.getMessage("fileSealed", String(sealed.length)));
    for (const event of ["input", "change"]) input.dispatchEvent(new Event(event, { bubbles: true, composed: true }));
    return "taken";
  }

  /** @param {string} job @param {number} index @param {string} name @param {number} size in bytes */
  async function fetchFile(job, index, name, size) {
    const parts = [];
    for (let offset = 0; offset < size;) {
      const part = await shared.ask("files.take", { job, index, offset });
      parts.push(part);
      offset += part.byteLength;
    }
    return new File(parts, name, { type: "application/octet-stream" });
  }
})();
