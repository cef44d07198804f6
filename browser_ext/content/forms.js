/**
 * Whole forms: `data-smime="sign"` on a form has its submission signed, after the extension's window has shown all of
 * it. What leaves is a form of our own, in a closed shadow root, made of the very entries that were signed: no handler
 * of the page runs between the last comparison and the submission.
 *
 * A form's controls shadow its properties (`<input name=action>`): everything of a form is read by the prototypes.
 */
(() => {
  const shared = globalThis.sealwaxContent;
  if (shared.formsStarted) return;
  shared.formsStarted = true;
  const api = globalThis.browser ?? globalThis.chrome;
  const SIGNATURE = "smime_signature";
  const MAX_LABEL_CHARACTERS = 200;
  /** A file is read whole to be hashed, in the page's process. */
  const MAX_FILE_BYTES = 256 * 2 ** 20;
  const MIN_VISIBLE_PIXELS = 2;
  const ENCTYPES = ["application/x-www-form-urlencoded", "multipart/form-data"];

  /** @typedef {{name: string, value: string, label: string, hidden: boolean, size?: number, sha256?: string}} Entry */
  /** @typedef {{name: string, value: FormDataEntryValue}} Pair */

  const readAttribute = Element.prototype.getAttribute;
  const controlsOf = /** @type {(this: HTMLFormElement) => HTMLFormControlsCollection} */ (
    Object.getOwnPropertyDescriptor(HTMLFormElement.prototype, "elements")?.get
  );
  const readParent = /** @type {() => Element | null} */ (
    Object.getOwnPropertyDescriptor(Node.prototype, "parentElement")?.get
  );
  const readRoot = Node.prototype.getRootNode;
  const submitForm = HTMLFormElement.prototype.submit;
  /** What the page reads of a form is on its way so soon before the document goes. */
  const LEAVING_MILLISECONDS = 3000;
  /** Forms whose signature is being asked for. @type {WeakSet<HTMLFormElement>} */
  const waiting = new WeakSet();
  /** Whether it is this script that reads a form. */
  let isReading = false;
  /** The last form that the page read by itself. @type {{action: string, at: number} | null} */
  let taken = null;

  shared.listen("submit", (/** @type {Event} */ event) => {
    // Across an open shadow root the target is the host; the form is where the event began.
    const [form] = event.composedPath();
    if (!(form instanceof HTMLFormElement) || !asksToSign(form)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    // A script's requestSubmit() looks like a person's; only what follows a person's act opens a window.
    if (waiting.has(form) || !event.isTrusted || navigator.userActivation?.isActive === false) return;
    void sign(form, /** @type {SubmitEvent} */ (event).submitter);
  });

  // A script that submits a form, or reads it to send it by itself, causes no other event.
  shared.listen("formdata", (/** @type {Event} */ event) => {
    const [form] = event.composedPath();
    if (isReading || !(form instanceof HTMLFormElement) || !asksToSign(form)) return;
    taken = navigator.userActivation?.isActive ? { action: addressOf(form, null), at: Date.now() } : null;
    shared.noteFor(form, api.i18n.getMessage("formTaken"));
  });

  shared.listen("pagehide", () => {
    if (!taken || Date.now() - taken.at > LEAVING_MILLISECONDS) return;
    void shared.ask("form.unsigned", { action: taken.action }).catch(() => {});
    taken = null;
  });

  /** @param {HTMLFormElement} form */
  function asksToSign(form) {
    return (readAttribute.call(form, "data-smime") ?? "").toLowerCase().split(/\s+/).includes("sign");
  }

  /** @param {HTMLFormElement} form @param {HTMLElement | null} submitter */
  async function sign(form, submitter) {
    waiting.add(form);
    shared.noteFor(form, "");
    try {
      const pairs = readPairs(form, submitter);
      const target = describeTarget(form, submitter);
      const entries = await describeEntries(form, pairs, target.enctype);
      const pressed = submitter && readAttribute.call(submitter, "name");
      const request = {
        ...target, entries, nonce: readAttribute.call(form, "data-smime-nonce") ?? "",
        submitter: pressed ? [pressed, readAttribute.call(submitter, "value") ?? ""] : [],
      };
      const { job } = await shared.ask("form.request", request);
      /** @param {{type: string, signature?: string}} message */
      function takeAnswer({ type, signature }) {
        shared.hosts.delete(job);
        waiting.delete(form);
        if (type !== "form.signed" || typeof signature !== "string") {
          return shared.noteFor(form, api.i18n.getMessage("formNotSigned"));
        }
        if (isChanged(form, submitter, pairs, target)) return "changed";
        submit(form, pairs, target, signature);
        return "submitted";
      }
      shared.hosts.set(job, { receive: takeAnswer });
    } catch (error) {
      waiting.delete(form);
      shared.noteErrorFor(form, error);
    }
  }

  /** The entries as the browser would submit them. @param {HTMLFormElement} form @param {HTMLElement | null} submitter */
  function readPairs(form, submitter) {
    isReading = true;
    const data = new FormData(form, submitter);
    isReading = false;
    /** @type {Pair[]} */
    const pairs = [];
    data.forEach((value, name) => {
      if (name !== SIGNATURE) pairs.push({ name, value });
    });
    return pairs;
  }

  /**
   * Where the form goes and how; refuses what cannot be signed as it will arrive.
   * @param {HTMLFormElement} form
   * @param {HTMLElement | null} submitter
   */
  function describeTarget(form, submitter) {
    const read = (/** @type {string} */ name) =>
      (submitter && readAttribute.call(submitter, `form${name}`)) ?? readAttribute.call(form, name) ?? "";
    const method = read("method").toLowerCase();
    const enctype = read("enctype").toLowerCase() || ENCTYPES[0];
    const charset = (readAttribute.call(form, "accept-charset") || document.characterSet).toLowerCase();
    // In an address the signed values would end in logs and histories.
    if (method !== "post") throw failure("form-not-post");
    if (!ENCTYPES.includes(enctype) || charset !== "utf-8") throw failure("form-encoding");
    return { action: addressOf(form, submitter), method, enctype, target: read("target") };
  }

  /** @param {HTMLFormElement} form @param {HTMLElement | null} submitter @returns {string} where the form goes */
  function addressOf(form, submitter) {
    const named = (submitter && readAttribute.call(submitter, "formaction")) ?? readAttribute.call(form, "action");
    const action = new URL(named || document.URL, document.baseURI);
    action.hash = "";
    return action.href;
  }

  /**
   * @param {HTMLFormElement} form
   * @param {Pair[]} pairs
   * @param {string} enctype
   * @returns {Promise<Entry[]>}
   */
  async function describeEntries(form, pairs, enctype) {
    const findControl = controlFinder(form);
    return Promise.all(pairs.map(async ({ name, value }) => {
      const control = findControl(name, value);
      const shown = { label: control ? labelOf(control) : "", hidden: !control || isHidden(control) };
      if (!(value instanceof File)) return { name, value, ...shown };
      // Without multipart a file's name is all that leaves.
      if (enctype === ENCTYPES[0]) return { name, value: value.name, ...shown };
      return { name, value: value.name, ...shown, size: value.size, sha256: await hash(value) };
    }));
  }

  /** Which control an entry came from: the next one of its name, one with its value first. @param {HTMLFormElement} form */
  function controlFinder(form) {
    /** @type {Map<string, any[]>} */
    const byName = new Map();
    for (const control of Array.from(controlsOf.call(form))) {
      const name = control.getAttribute("name") ?? "";
      byName.set(name, [...(byName.get(name) ?? []), control]);
    }
    return (/** @type {string} */ name, /** @type {FormDataEntryValue} */ value) => {
      const controls = byName.get(name) ?? [];
      const fitting = controls.findIndex((control) => control.value === value && (control.checked ?? true));
      const index = Math.max(fitting, 0);
      const control = controls[index] ?? null;
      // Several values of one select, or several files, share their control.
      if (control && !control.multiple) controls.splice(index, 1);
      return /** @type {HTMLElement | null} */ (control);
    };
  }

  /** What the page calls a control; a claim of the page. @param {any} control */
  function labelOf(control) {
    const named = [...(control.labels ?? [])].map(wordsOf).join(" ");
    const text = named || control.getAttribute("aria-label") || control.getAttribute("placeholder") || "";
    return text.replace(/\s+/g, " ").trim().slice(0, MAX_LABEL_CHARACTERS);
  }

  /** A label's words without those of the controls in it. @param {HTMLElement} label */
  function wordsOf(label) {
    const words = [];
    const walker = document.createTreeWalker(label, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const { currentNode } = walker;
      if (!currentNode.parentElement?.closest("textarea, select, button, script, style")) words.push(currentNode.textContent);
    }
    return words.join(" ");
  }

  /**
   * Whether a person could not have seen it, as far as geometry tells. It only sorts: the window shows everything.
   * @param {HTMLElement} control
   */
  function isHidden(control) {
    const options = { opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true };
    if (control.getAttribute("type") === "hidden" || !control.checkVisibility(options)) return true;
    let { left, top, right, bottom } = control.getBoundingClientRect();
    // Nobody scrolls to the left of a page, or above it.
    [left, top] = [Math.max(left, -scrollX), Math.max(top, -scrollY)];
    for (let around = parentOf(control); around; around = parentOf(around)) {
      if (!/hidden|clip/.test(getComputedStyle(around).overflow)) continue;
      const clip = around.getBoundingClientRect();
      [left, top] = [Math.max(left, clip.left), Math.max(top, clip.top)];
      [right, bottom] = [Math.min(right, clip.right), Math.min(bottom, clip.bottom)];
    }
    return right - left < MIN_VISIBLE_PIXELS || bottom - top < MIN_VISIBLE_PIXELS;
  }

  /** @param {Element} element @returns {Element | null} */
  function parentOf(element) {
    const root = Reflect.apply(readRoot, element, []);
    return Reflect.apply(readParent, element, []) ?? (root instanceof ShadowRoot ? root.host : null);
  }

  /** @param {File} file @returns {Promise<string>} SHA-256 in hexadecimal */
  async function hash(file) {
    if (!globalThis.isSecureContext) throw failure("form-insecure");
    if (file.size > MAX_FILE_BYTES) throw failure("form-file-too-large");
    const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
    return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  /**
   * Whether the page says something else now than what was signed.
   * @param {HTMLFormElement} form
   * @param {HTMLElement | null} submitter
   * @param {Pair[]} pairs
   * @param {object} target
   */
  function isChanged(form, submitter, pairs, target) {
    // A button may stand outside its form (`form="…"`).
    const isStillOfForm = /** @type {HTMLButtonElement | null} */ (submitter)?.form === form;
    const now = readPairs(form, isStillOfForm ? submitter : null);
    const then = pairs;
    if (JSON.stringify(describeTarget(form, submitter)) !== JSON.stringify(target)) return true;
    return now.length !== then.length || now.some(({ name, value }, index) => {
      const signed = then[index];
      if (name !== signed.name) return true;
      if (value instanceof File && signed.value instanceof File) return !isSameFile(value, signed.value);
      return value !== signed.value;
    });
  }

  /** @param {File} one @param {File} other */
  function isSameFile(one, other) {
    // Two empty inputs give two empty files, each made at its own time.
    if (one.size === 0 && other.size === 0) return one.name === other.name;
    return one.name === other.name && one.size === other.size && one.lastModified === other.lastModified;
  }

  /**
   * @param {HTMLFormElement} form
   * @param {Pair[]} pairs
   * @param {{action: string, method: string, enctype: string, target: string}} how
   * @param {string} signature
   */
  function submit(form, pairs, { action, method, enctype, target }, signature) {
    const own = document.createElement("form");
    // A new tab needs a click in this one.
    const where = target.toLowerCase() === "_blank" ? "" : target;
    for (const [name, value] of Object.entries({ action, method, enctype, target: where, "accept-charset": "utf-8" })) {
      own.setAttribute(name, value);
    }
    own.append(...[...pairs, { name: SIGNATURE, value: signature }].map(controlFor));
    const box = document.createElement("div");
    box.attachShadow({ mode: "closed" }).append(own);
    document.documentElement.append(box);
    submitForm.call(own);
    box.remove();
  }

  /** @param {Pair} pair */
  function controlFor({ name, value }) {
    const control = value instanceof File ? fileControl(value) : document.createElement("textarea");
    // A hidden control of the name `_charset_` would send the name of the encoding instead of its value.
    if (!(value instanceof File)) control.value = value;
    control.name = name;
    return control;
  }

  /** @param {File} file */
  function fileControl(file) {
    const control = document.createElement("input");
    control.type = "file";
    // An empty file without a name is what an empty control submits by itself.
    if (file.size > 0 || file.name) {
      const carrier = new DataTransfer();
      carrier.items.add(file);
      control.files = carrier.files;
    }
    return control;
  }

  /** @param {string} code */
  function failure(code) {
    return Object.assign(new Error(code), { code });
  }
})();
