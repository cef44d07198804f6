/** The fields of a page: what can be done with each, the way of the sealed text into it, and a watch over it there. */
(() => {
  const shared = globalThis.sealwaxContent;
  if (shared.offer) return;
  const api = globalThis.browser ?? globalThis.chrome;
  const ARMOR = /-----BEGIN CMS-----([^-]+)-----END CMS-----/;
  const LINE = /.{1,64}/g;
  /** What holds any text: the other kinds of input refuse or alter what is no address or number. */
  const TEXT_TYPES = ["text", "search"];
  /** @type {WeakMap<HTMLElement, any>} */
  const hostOf = new WeakMap();
  /**
   * What was put into a field: `name` is what the field was called then, `left` the other text that the person agreed to.
   * @typedef {{armored: string, name: string, left: string | null}} Sealed
   */
  /** What was put into fields and has not been sent yet. @type {Map<HTMLElement, Sealed>} */
  const sealedIn = new Map();

  /** @param {Element} element @returns {boolean} whether text can be written into it */
  function isField(element) {
    if (element instanceof HTMLTextAreaElement) return true;
    if (element instanceof HTMLInputElement) return TEXT_TYPES.includes(element.type);
    return element instanceof HTMLElement && isEditable(element);
  }

  /** @param {HTMLElement} element */
  function isEditable(element) {
    const asked = element.getAttribute("contenteditable");
    return asked !== null && asked.toLowerCase() !== "false";
  }

  /** @param {Element} element @returns {string} */
  function textOf(element) {
    if (element instanceof HTMLTextAreaElement || element instanceof HTMLInputElement) return element.value;
    return (isField(element) ? /** @type {HTMLElement} */ (element).innerText : element.textContent) ?? "";
  }

  /** @param {Element} element @returns {string} the armored text in it, or nothing */
  function findCms(element) {
    if (element instanceof HTMLFormElement || (element instanceof HTMLInputElement && !isField(element))) return "";
    return readArmor(element instanceof HTMLElement && isEditable(element) ? element.textContent ?? "" : textOf(element));
  }

  /** Armor as it was made: a field of one line, or an editor, has lost its line ends. @param {string} text */
  function readArmor(text) {
    const found = ARMOR.exec(text);
    if (!found) return "";
    const lines = found[1].replace(/[\s\u200b\ufeff]+/g, "").match(LINE) ?? [];
    return ["-----BEGIN CMS-----", ...lines, "-----END CMS-----", ""].join("\n");
  }

  /** @param {HTMLElement} element @param {...string} words */
  function asks(element, ...words) {
    const asked = (element.dataset.smime ?? "").toLowerCase().split(/\s+/);
    return words.some((word) => asked.includes(word));
  }

  /** @param {HTMLElement} element */
  function hostFor(element) {
    const known = hostOf.get(element);
    if (known) return known;
    const onSealed = (/** @type {string} */ armored) => fill(element, armored);
    const host = new shared.FrameHost(element, { onSealed });
    hostOf.set(element, host);
    return host;
  }

  /**
   * Puts the sealed text into the page's field, as if it had been typed, and reads it again.
   * @param {HTMLElement} field
   * @param {string} armored
   * @returns {string} the code of a problem, or nothing
   */
  function fill(field, armored) {
    const element = field.isConnected ? field : findSuccessor(field, isField);
    if (!element) return "field-gone";
    const isLine = element instanceof HTMLInputElement;
    const written = isLine ? armored.trim().replaceAll("\n", " ") : armored;
    const limit = isLine || element instanceof HTMLTextAreaElement ? element.maxLength : -1;
    if (limit >= 0 && written.length > limit) return "field-too-small";
    if (isLine || element instanceof HTMLTextAreaElement) element.value = written;
    else writeLines(element, written);
    const replaced = { bubbles: true, composed: true, inputType: "insertReplacementText" };
    element.dispatchEvent(new InputEvent("input", replaced));
    element.dispatchEvent(new Event("change", { bubbles: true }));
    // Frameworks write their own state back at once when they did not take the change.
    if (findCms(element) !== armored) return "field-refused";
    sealedIn.set(element, { armored, name: element.getAttribute("name") ?? "", left: null });
    return "";
  }

  /** @param {HTMLElement} element @param {string} text */
  function writeLines(element, text) {
    const lines = text.trim().split("\n").flatMap((line) => [document.createElement("br"), line]);
    element.replaceChildren(...lines.slice(1));
  }

  /**
   * What a page drew in the place of a field that is gone.
   * @param {HTMLElement} gone
   * @param {(element: Element) => boolean} fits
   */
  function findSuccessor(gone, fits) {
    const names = ["id", "name"].filter((attribute) => gone.getAttribute(attribute));
    for (const attribute of names) {
      const value = CSS.escape(gone.getAttribute(attribute) ?? "");
      const found = [...document.querySelectorAll(`${gone.localName}[${attribute}="${value}"]`)];
      if (found.length === 1 && found[0] instanceof HTMLElement && fits(found[0])) return found[0];
    }
    return null;
  }

  /** @param {HTMLElement} element */
  function write(element) {
    const text = isField(element) ? textOf(element) : "";
    const proposed = (element.dataset.smimeTo ?? "").split(/[\s,]+/).filter(Boolean);
    return hostFor(element).open({ kind: "write", smime: element.dataset.smime ?? "", proposed, cms: "" }, text);
  }

  /** @param {HTMLElement} element @param {string} [cms] where it is not all that stands there */
  function open(element, cms = findCms(element)) {
    const request = { kind: "open", smime: element.dataset.smime ?? "", proposed: [], cms };
    return hostFor(element).open(request, "");
  }

  /**
   * A field that holds sealed text is opened, any other is written.
   * @param {Element | null} element
   * @returns {boolean} whether it is a field
   */
  function activate(element) {
    if (!(element instanceof HTMLElement) || !isField(element)) return false;
    const host = hostFor(element);
    if (!host.isOpen) void host.attempt(() => (findCms(element) ? open(element) : write(element)));
    return true;
  }

  /** Opens the sealed text that the person has selected, or a part of it. @returns {boolean} whether there is one */
  function openSelection() {
    const focused = document.activeElement;
    if (focused && isField(focused) && findCms(focused)) return activate(focused);
    const selection = getSelection();
    if (!selection?.rangeCount) return false;
    const range = selection.getRangeAt(0);
    const { commonAncestorContainer: node } = range;
    const around = node instanceof Element ? node : node.parentElement;
    const cms = readArmor(selection.toString()) || cmsAround(around);
    if (cms) return openAt(elementWith(cms, range, around) ?? markEndOf(range), cms);
    const last = range.endContainer.childNodes[range.endOffset - 1] ?? range.endContainer;
    const place = last instanceof Element ? last : last.parentElement;
    if (place) shared.noteFor(place, api.i18n.getMessage("selectionEmpty"));
    return false;
  }

  /** The sealed text of which a part is selected. @param {Element | null} element */
  function cmsAround(element) {
    while (element && !isWholePage(element)) {
      const cms = findCms(element);
      if (cms) return cms;
      element = element.parentElement;
    }
    return "";
  }

  /**
   * The smallest element that holds a selected text.
   * @param {string} cms
   * @param {Range} range
   * @param {Element | null} around
   * @returns {HTMLElement | null} null where only the whole page does, which is no place for a frame
   */
  function elementWith(cms, range, around) {
    const below = [...(around?.querySelectorAll("*") ?? [])].filter((element) => range.intersectsNode(element));
    let found = below.findLast((element) => element instanceof HTMLElement && findCms(element) === cms) ?? around;
    while (found && findCms(found) !== cms) found = found.parentElement;
    return found instanceof HTMLElement && !isWholePage(found) ? found : null;
  }

  /** @param {Element} element */
  function isWholePage(element) {
    return element === document.body || element === document.documentElement;
  }

  /** A place of our own behind a selection. @param {Range} range */
  function markEndOf(range) {
    const mark = document.createElement("div");
    shared.boxes.add(mark);
    const end = range.cloneRange();
    end.collapse(false);
    end.insertNode(mark);
    return mark;
  }

  /** @param {HTMLElement} element @param {string} cms */
  function openAt(element, cms) {
    const host = hostFor(element);
    if (!host.isOpen) void host.attempt(() => open(element, cms));
    return true;
  }

  /**
   * Offers a button beside an element that asks for it, or that holds sealed text. Measures nothing: the page's layout
   * is not computed for it.
   * @param {HTMLElement} element
   * @returns {boolean} whether there is something to do with it
   */
  function offer(element) {
    if (element instanceof HTMLFormElement) return false;
    if (isSealedFileLink(element)) return offerFile(element);
    const sealed = findCms(element) !== "";
    if (!sealed && !(isField(element) && asks(element, "sign", "encrypt"))) return false;
    const host = hostFor(element);
    if (host.isOpen) return true;
    if (sealed) host.offer(api.i18n.getMessage("buttonOpen"), () => open(element));
    else host.offer(api.i18n.getMessage("buttonWrite"), () => write(element));
    return true;
  }

  /** @param {HTMLElement} element @returns {element is HTMLAnchorElement} */
  function isSealedFileLink(element) {
    return element instanceof HTMLAnchorElement && element.href !== "" && asks(element, "decrypt", "verify");
  }

  /** @param {HTMLAnchorElement} link */
  function offerFile(link) {
    hostFor(link).offer(api.i18n.getMessage("buttonOpenFile"), () => openFile(link));
    return true;
  }

  /** Opens a stored file in the viewer. @param {HTMLAnchorElement} link */
  async function openFile(link) {
    const answer = await fetch(link.href, { mode: "same-origin" }).catch(() => null);
    if (!answer?.ok) throw Object.assign(new Error("not fetched"), { code: "file-not-fetched" });
    const { mail } = await shared.ask("mail.hold", { bytes: await answer.arrayBuffer(), name: nameOf(link) });
    await shared.ask("viewer.open", { mail });
  }

  /** The file's name; one that is not encoded as addresses are (`100%.p7m`) as it stands. @param {HTMLAnchorElement} link */
  function nameOf(link) {
    const name = new URL(link.href).pathname.split("/").pop() ?? "";
    try {
      return decodeURIComponent(name);
    } catch {
      return name;
    }
  }

  shared.listen("submit", (/** @type {Event} */ event) => {
    const [form] = event.composedPath();
    if (!(form instanceof HTMLFormElement)) return;
    const altered = findAltered(form);
    if (!altered) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    void tellAltered(altered, textOf(altered), false);
  });

  // The next document has its own fields; one that stays has sent them.
  shared.listen("pagehide", () => sealedIn.clear());

  /** @param {HTMLFormElement} form @returns {[HTMLElement, Sealed][]} its fields with sealed text */
  function sealedFieldsOf(form) {
    return [...sealedIn].filter(([element]) => {
      const owner = element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement ? element.form : null;
      return element.isConnected && (owner ?? element.closest("form")) === form;
    });
  }

  /** @param {HTMLFormElement} form */
  function findAltered(form) {
    const fields = sealedFieldsOf(form);
    return fields.find(([element, sealed]) => findCms(element) !== sealed.armored && !isLeft(textOf(element), sealed))?.[0] ?? null;
  }

  /** Whether the person agreed to exactly this text instead. @param {string} text @param {Sealed} sealed */
  function isLeft(text, { left }) {
    return left !== null && text.replace(/\r\n?/g, "\n") === left.replace(/\r\n?/g, "\n");
  }

  /**
   * Says it in the extension's window, which a page cannot fake.
   * @param {HTMLElement} element
   * @param {string} text what the page put in the place of the sealed one
   * @param {boolean} isSent whether the page may have sent the form, with the sealed text put back
   */
  async function tellAltered(element, text, isSent) {
    const { armored } = sealedIn.get(element) ?? {};
    // A script submits forms whenever it likes; only what follows a person's act opens a window.
    if (navigator.userActivation?.isActive === false) {
      // Not now: a note in the document would wake the page before the form is on its way.
      return setTimeout(() => shared.noteFor(element, api.i18n.getMessage(isSent ? "alteredSent" : "alteredStopped")));
    }
    try {
      const { job } = await shared.ask("field.altered", { text, isSent });
      shared.hosts.set(job, { receive: takeAnswer });
      /** @param {{type: string}} message closing the window decides nothing: the watch goes on */
      function takeAnswer({ type }) {
        shared.hosts.delete(job);
        if (type === "field.restore" && armored) return fill(element, armored);
        const sealed = sealedIn.get(element);
        if (type === "field.leave" && sealed) sealedIn.set(element, { ...sealed, left: text });
        return "";
      }
    } catch (error) {
      shared.noteErrorFor(element, error);
    }
  }

  Object.assign(shared, { offer, activate, openSelection, isField, findCms, findSuccessor, sealedFieldsOf, readArmor, isLeft, textOf, tellAltered });
})();
