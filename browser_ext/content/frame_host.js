/**
 * Puts the extension's frame in the place of a field. The frame is in a closed shadow root, so the page can reach
 * neither the frame nor its window. The page's own field stays, hidden, and receives the armored text.
 */
import { ask } from "./background_link.js";
import { boxes } from "./boxes.js";
import { createElement, isVisible } from "./dom_tree.js";
import { editorAround, unwrittenPlaceOf } from "./editable.js";
import { looksAsMade } from "./looks.js";
import { lineOf } from "./notes.js";
import { sentenceOf } from "./problems.js";
import { receivers } from "./receivers.js";
import { shadowRootOf } from "./shadow_roots.js";
import { api, world } from "./world.js";
import { translate } from "../texts/texts.js";

const EXTENSION_ORIGIN = new URL(api.runtime.getURL("")).origin;
const BUTTON_STYLE = "all:revert;display:inline-block;box-sizing:border-box;min-height:44px;min-width:44px;margin-block:4px;margin-inline:0 8px;"
  + "padding:8px 16px;border:1px solid #75706a;border-radius:6px;background:#fff;color:#8c1c2b;cursor:pointer;"
  + "font:550 16px/1.5 system-ui,sans-serif";
const FRAME_STYLE = "display:block;box-sizing:border-box;inline-size:100%;border:1px solid #75706a;border-radius:6px;"
  + "background:Canvas;color-scheme:normal";
/** The style of a frame that loads early. Such a frame is invisible and takes no space. */
const PREPARED_STYLE = "position:absolute;visibility:hidden;inline-size:0;block-size:0;border:0";
/** The time after which a frame that was loaded early and not used is removed. */
const PREPARED_MILLISECONDS = 20_000;
const MIN_FRAME_HEIGHT = "300px";
/**
 * The time after which a frame that has not been claimed counts as blocked by the page's policy. The browser reports no
 * error for such a block.
 */
const CLAIM_MILLISECONDS = 6000;
const LOOK_MILLISECONDS = 250;
/** The values of styles that draw no image or content. */
const EMPTY = ["none", "normal"];

/** The hosts whose box is in the page. @type {Set<FrameHost>} */
export const places = new Set();
/** The elements of the page that are hidden while the extension's frame is in their place. @type {WeakSet<Node>} */
export const replaced = new WeakSet();

/** Removes the frames of a page that is shown again after Back. They are empty then, and the background has forgotten them. */
export function watchReturns() {
  world.guard.listen("pageshow", (event) => {
    if (!/** @type {PageTransitionEvent} */ (event).persisted) return;
    for (const host of [...receivers.values()]) if (host instanceof FrameHost) host.close();
  });
}

/**
 * A frame of the extension that is loading. `window` is the frame's window after the loading.
 * @typedef {{frame: HTMLIFrameElement, loaded: Promise<HTMLIFrameElement>, window: Window | null}} Loading
 */

/** @param {string} kind @returns {Loading} an empty frame, which loads when it is put into the page */
function createFrame(kind) {
  const frame = createElement("iframe");
  frame.src = api.runtime.getURL(kind === "mail" ? "frame/mail_frame.html" : "frame/broker.html");
  frame.ariaLabel = translate("frame_title");
  /** @type {Promise<HTMLIFrameElement>} */
  const loaded = new Promise((resolve) => frame.addEventListener("load", () => {
    loading.window = frame.contentWindow;
    resolve(frame);
  }, { once: true }));
  /** @type {Loading} */
  const loading = { frame, loaded, window: null };
  return loading;
}

/** The extension's box beside one field of the page, for a button, a sentence or the frame. */
export class FrameHost {
  #field;
  #onArmored;
  #minHeight;
  #isBefore;
  #holds;
  #box = createElement("div");
  #root = this.#box.attachShadow({ mode: "closed" });
  /** @type {HTMLIFrameElement | null} */
  #frame = null;
  #frameId = "";
  /** The frame that loads before the person clicks. @type {Loading | null} */
  #prepared = null;
  #isOpen = false;
  #claimed = false;
  /** Whether the page's field has the encrypted text, and the person has not continued writing since. */
  #isWritten = false;
  #offered = "";
  /** @type {HTMLButtonElement | null} */
  #button = null;
  /** @type {HTMLButtonElement[]} */
  #also = [];
  /** Answers or forwards the message in the frame. @type {(kind: string) => Promise<string>} */
  onAnswer = async () => "bad-request";
  #text = "";
  /** The armored text whose content the frame shows; "" if the frame shows none. */
  #cms = "";
  #display = "";
  /** The parent of the box when the frame was put there, and the shadow root of that parent. @type {{node: Node | null, root: ShadowRoot | null} | null} */
  #around = null;

  /**
   * @param {HTMLElement} field
   * @param {{onArmored?: (armored: string) => Promise<string>, holds?: (cms: string) => boolean, isBefore?: boolean, minHeight?: string}} [options]
   *   `holds`: whether the page still has an armored text; with `isBefore` the box is above the field instead of below it;
   *   `minHeight` is the least height of the frame in CSS
   */
  constructor(field, { onArmored, holds = () => true, isBefore = false, minHeight = MIN_FRAME_HEIGHT } = {}) {
    this.#holds = holds;
    this.#minHeight = minHeight;
    this.#field = field;
    this.#onArmored = onArmored;
    this.#isBefore = isBefore;
    this.#box.style.cssText = "all:initial;display:block";
    boxes.add(this.#box);
    this.#stand();
  }

  /** Puts the box beside the field, also after the page has moved the field. */
  #stand() {
    this.#dropPrepared();
    places.add(this);
    const place = unwrittenPlaceOf(this.#field);
    if (this.#isBefore) place.before(this.#box);
    else place.after(this.#box);
  }

  /**
   * Moves the button to a field that the page has moved, and removes it with a removed field. A frame is never moved.
   */
  checkPlace() {
    if (this.#isOver()) this.close();
    else if (this.#isOpen) this.checkFrame();
    else if (!this.#field.isConnected) this.withdraw();
    else if (this.#box.parentNode !== unwrittenPlaceOf(this.#field).parentNode) this.#stand();
  }

  /** Removes the box with its button and sentence. The next `offer` puts it back. */
  withdraw() {
    this.#dropPrepared();
    places.delete(this);
    this.#box.remove();
  }

  /** Removes the frame of a field whose content has changed. Later messages for the frame are ignored. */
  dismiss() {
    receivers.delete(this.#frameId);
    this.#restoreField();
    this.#isOpen = false;
    this.#root.replaceChildren();
    this.withdraw();
  }

  get isOpen() {
    return this.#isOpen;
  }

  /**
   * Shows one button. Clicks by scripts are ignored.
   * @param {string} label
   * @param {() => Promise<void>} act
   * @param {{prepares?: string}} [options] the kind of the frame that `act` opens. The frame loads when the pointer or the focus comes to the button
   */
  offer(label, act, { prepares = "" } = {}) {
    if (!this.#box.isConnected) this.#stand();
    if (this.#offered === label) return;
    this.#offered = label;
    this.#button = this.#createButton(label, act);
    this.#dropPrepared();
    this.#root.replaceChildren(this.#button);
    if (!prepares || !globalThis.isSecureContext) return;
    for (const sign of ["pointerenter", "focus"]) {
      this.#button.addEventListener(sign, ({ isTrusted }) => { if (isTrusted) this.#prepare(prepares); });
    }
  }

  /** Loads an invisible frame. The frame is empty, and nothing is fetched from the page's site. @param {string} kind */
  #prepare(kind) {
    if (this.#prepared || this.#isOpen) return;
    const prepared = createFrame(kind);
    this.#prepared = prepared;
    prepared.frame.style.cssText = PREPARED_STYLE;
    this.#root.append(prepared.frame);
    setTimeout(() => { if (this.#prepared === prepared) this.#dropPrepared(); }, PREPARED_MILLISECONDS);
  }

  #dropPrepared() {
    this.#prepared?.frame.remove();
    this.#prepared = null;
  }

  /** The prepared frame; null for none. Also null if the page has moved the loaded frame, because a moved frame loads again. */
  #takePrepared() {
    const prepared = this.#prepared;
    this.#prepared = null;
    const isMoved = !prepared?.frame.isConnected || (prepared.window !== null && prepared.window !== prepared.frame.contentWindow);
    return isMoved ? null : prepared;
  }

  /**
   * Shows further buttons below the sentence, until the next offer.
   * @param {...{label: string, act: () => Promise<void>}} actions
   */
  offerAlso(...actions) {
    for (const button of this.#also) button.remove();
    this.#also = actions.map(({ label, act }) => this.#createButton(label, act));
    this.#root.append(...this.#also);
  }

  /** @param {string} label @param {() => Promise<void>} act */
  #createButton(label, act) {
    const button = createElement("button");
    button.type = "button";
    button.textContent = label;
    button.style.cssText = BUTTON_STYLE;
    button.addEventListener("click", (event) => {
      if (event.isTrusted) void this.attempt(act);
    });
    return button;
  }

  /** Shows a sentence in the box. It replaces the last sentence. @param {string} text "" only removes the last sentence */
  say(text) {
    this.#root.querySelector("[role=status]")?.remove();
    if (text) this.#root.append(lineOf(text));
  }

  /**
   * Reports to a frame when the page starts or stops fading, masking or shrinking it. Closes the frame when its text is
   * no longer in the page.
   * @param {HTMLIFrameElement} frame
   */
  #watch(frame) {
    let before = true;
    const timer = setInterval(() => {
      if (frame.isConnected && this.#frame === frame && this.#isOver()) this.close();
      if (!frame.isConnected) return clearInterval(timer);
      const seen = looksAsMade(frame);
      if (seen !== before) frame.contentWindow?.postMessage({ type: "seen", seen }, EXTENSION_ORIGIN);
      before = seen;
    }, LOOK_MILLISECONDS);
  }

  /**
   * Whether the page has changed or removed the text that the frame shows, or put something else beside the frame. In
   * these cases the verdict would seem to be about the new content.
   */
  #isOver() {
    // A selected text without an element of its own is not checked. The field is then an element that the extension has
    // added.
    if (!this.#isOpen || !this.#cms || !this.#frame || boxes.has(this.#field)) return false;
    let before = this.#box.previousElementSibling;
    while (before && boxes.has(before)) before = before.previousElementSibling;
    return before !== this.#field || this.#isDrawnElsewhere() || editorAround(this.#field) !== null || !this.#holds(this.#cms);
  }

  /** Whether the page draws something else in the frame's place: the page shows the field, moves the box, or adds content to the box. */
  #isDrawnElsewhere() {
    const isSamePlace = this.#box.parentNode === this.#around?.node && shadowRootOf(this.#around.node) === this.#around.root;
    const isAlone = ["::before", "::after"].every((part) => EMPTY.includes(getComputedStyle(this.#box, part).content));
    const { content, backgroundImage, borderImageSource } = getComputedStyle(this.#box);
    const isBlank = [content, backgroundImage, borderImageSource].every((image) => EMPTY.includes(image));
    return !isSamePlace || !isAlone || !isBlank || isVisible(this.#field);
  }

  /** Runs `act` and shows its error. Returns whether it succeeded. @param {() => Promise<void>} act */
  async attempt(act) {
    try {
      await act();
      return true;
    } catch (error) {
      if (!this.#frameId) this.#isOpen = false;
      this.say(sentenceOf(error));
      return false;
    }
  }

  /**
   * Opens the frame in the field's place.
   * @param {{kind: "write" | "open" | "mail", smime: string, proposed: string[], cms: string}} request
   * @param {string} text the text from the field, which the page has seen
   * @param {Promise<string>} [held] the id of the mail to show; the frame loads and is claimed while the mail is being
   *   fetched
   */
  async open(request, text, held) {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#text = text;
    this.#cms = request.kind === "open" ? request.cms : "";
    // A frame gets the text by postMessage. In an insecure context a window opens instead, and gets the text from the
    // background.
    const secure = globalThis.isSecureContext;
    const early = held && secure ? this.#show(request.kind) : null;
    // An error of `held` is reported below, after the answer to the request.
    held?.catch(() => {});
    try {
      const mail = secure ? "" : (await held) ?? "";
      const { frame, token } = await ask("frame.request", { ...request, mail, secure, text: secure ? "" : text });
      this.#frameId = frame;
      receivers.set(frame, this);
      if (secure) await this.#handOver(token, early ?? this.#show(request.kind), held);
      else this.say(translate("content_in_window"));
    } catch (error) {
      receivers.delete(this.#frameId);
      this.#frameId = "";
      this.#restoreField();
      this.#root.replaceChildren(...(this.#button ? [this.#button] : []));
      throw error;
    }
  }

  /**
   * @param {import("./receivers.js").BackgroundMessage} message
   * @returns {string | undefined | Promise<string>} the code of a problem with the page's field, if there is one
   */
  receive({ type, armored, kind = "" }) {
    if (type === "mail.answer") return this.onAnswer(kind);
    if (type === "frame.claimed") this.#claimed = true;
    if (type === "field.encrypted" && typeof armored === "string") return this.#write(armored);
    if (type === "field.changing") {
      // Do not show the next step while the person is changing the text again.
      this.say("");
      this.#isWritten = false;
    }
    if (type === "frame.closed") this.close();
    if (type === "frame.left") this.#lose();
    return undefined;
  }

  /** @param {string} armored @returns {Promise<string>} the code of a problem, or "" */
  async #write(armored) {
    const refused = (await this.#onArmored?.(armored)) ?? "";
    this.#isWritten = refused === "";
    return refused;
  }

  /**
   * Shows the page's field while text is put into it, because a hidden editor accepts no text.
   * @template T @param {() => Promise<T>} act
   */
  async whileShown(act) {
    if (!this.#frame) return act();
    this.#field.style.display = this.#display;
    try {
      return await act();
    } finally {
      if (this.#frame) {
        this.#field.style.setProperty("display", "none", "important");
        this.#frame.focus();
      }
    }
  }

  /** If the page has removed the frame, lets the person continue with the text in a window of the extension. */
  checkFrame() {
    if (!this.#frame || !this.#frameId || this.#frame.isConnected) return;
    void this.attempt(() => ask("frame.lost", { frame: this.#frameId }));
    this.#lose();
  }

  /** Shows the field again after its frame has ended. The person can continue with the text in a window. */
  #lose() {
    this.#restoreField();
    if (!this.#box.isConnected) unwrittenPlaceOf(this.#field).after(this.#box);
    this.#root.replaceChildren();
    this.say(translate("content_frame_lost"));
  }

  /** Reports that the person has pressed something in the page after its field was encrypted. */
  tellPressed() {
    if (this.#isWritten && this.#frameId) void ask("field.pressed", { frame: this.#frameId }).catch(() => {});
  }

  /** Tells the frame that the page's field no longer has the encrypted text. */
  tellReplaced() {
    if (!this.#frame) return;
    this.say("");
    this.#frame.contentWindow?.postMessage({ type: "replaced" }, EXTENSION_ORIGIN);
  }

  /**
   * Puts the empty frame into the field's place.
   * @param {string} kind @returns {Promise<HTMLIFrameElement>} the frame, when it has loaded
   */
  #show(kind) {
    const { frame, loaded } = this.#takePrepared() ?? createFrame(kind);
    const { height } = this.#field.getBoundingClientRect();
    frame.style.cssText = `${FRAME_STYLE};block-size:max(${height}px,${MIN_FRAME_HEIGHT},${this.#minHeight})`;
    this.#around = { node: this.#box.parentNode, root: shadowRootOf(this.#box.parentNode) };
    this.#display = this.#field.style.display;
    this.#field.style.setProperty("display", "none", "important");
    replaced.add(this.#field);
    // In a row of a flex container the frame would otherwise have only its default width.
    this.#box.style.inlineSize = "100%";
    // A frame that is inserted again loads again.
    for (const other of [...this.#root.children]) if (other !== frame) other.remove();
    if (!frame.isConnected) this.#root.append(frame);
    this.#frame = frame;
    return loaded;
  }

  /** @param {string} token @param {Promise<HTMLIFrameElement>} loaded @param {Promise<string> | undefined} heldMail */
  async #handOver(token, loaded, heldMail) {
    this.#offered = "";
    void loaded.then((frame) => {
      frame.contentWindow?.postMessage({ type: "token", token, text: this.#text }, EXTENSION_ORIGIN);
      this.#watch(frame);
    });
    setTimeout(() => void this.#moveUnlessClaimed(heldMail), CLAIM_MILLISECONDS);
    if (!heldMail) return;
    const mail = await heldMail;
    (await loaded).contentWindow?.postMessage({ type: "mail", mail }, EXTENSION_ORIGIN);
  }

  /** @param {Promise<string> | undefined} heldMail */
  async #moveUnlessClaimed(heldMail) {
    if (this.#claimed || !this.#frame) return;
    this.#restoreField();
    await this.attempt(async () => {
      await ask("frame.window", { frame: this.#frameId, text: this.#text, mail: (await heldMail) ?? "" });
      this.say(translate("content_in_window"));
    });
  }

  #restoreField() {
    if (!this.#frame) return;
    replaced.delete(this.#field);
    this.#field.style.display = this.#display;
    this.#box.style.inlineSize = "";
    this.#frame = null;
  }

  /** Removes the frame and shows the field again. */
  close() {
    receivers.delete(this.#frameId);
    this.#frameId = "";
    if (this.#frame) this.#restoreField();
    this.#isOpen = false;
    this.#claimed = false;
    this.#isWritten = false;
    this.#offered = "";
    this.#root.replaceChildren();
    if (boxes.has(this.#field)) this.#field.remove();
    if (!this.#field.isConnected) return this.withdraw();
    world.fields?.offer(this.#field);
    world.mail?.offerMail();
  }
}
