/**
 * Notifications about new mail. They have a title only, without sender and subject.
 *
 * They are off until the person asks for them, per browser and account, and always off on another person's computer. If the
 * browser has service workers, a worker of these pages shows the notifications, also after a push message from the bridge.
 * Pages that the extension has checked have no worker, because the browser would load its script unchecked.
 */

import { noticeWorkerUrl } from "../../../wasm_build/vault/owner/trusted_scripts.js";
import { forgetTitle, keepTitle, SHOW_INBOX, TAG } from "./new_mail_words.js";
import { PushSubscriptions } from "./push_subscriptions.js";
import { keepText, keptText } from "../app/kept_choice.js";
import { untilState } from "../app/service_worker_states.js";
import { accountDigest } from "../app/state_database.js";

/** @typedef {"elsewhere" | "unsupported" | "blocked" | "off" | "on"} NoticeState `elsewhere`: another person's computer */

/** The hash of the account for which notifications are on. */
const NAME = "sealwax-new-mail";
const SCOPE = "./new-mail/";

/** Dispatches "change". */
export class NewMailNotices extends EventTarget {
  #place;
  #isOn = false;
  #account = "";
  /** @type {ServiceWorkerRegistration | null} */
  #worker = null;
  /** The notification of a page without a worker. @type {Notification | null} */
  #shown = null;

  /**
   * @param {{title: () => string, api: import("../app/api.js").BridgeApi, isOwnComputer: () => boolean, showInbox: () => void}} place
   */
  constructor(place) {
    super();
    this.#place = place;
    this.push = new PushSubscriptions(place.api.push);
    navigator.serviceWorker?.addEventListener("message", ({ data }) => {
      if (data?.type === SHOW_INBOX) place.showInbox();
    });
  }

  /** @returns {NoticeState} */
  get state() {
    if (!this.#place.isOwnComputer()) return "elsewhere";
    if (!("Notification" in globalThis)) return "unsupported";
    if (Notification.permission === "denied") return "blocked";
    return this.#isOn && Notification.permission === "granted" ? "on" : "off";
  }

  /** Whether push messages are possible, because the bridge sends them and the browser accepts them here. */
  get offersPush() {
    return this.push.isOffered && this.#worker !== null && "pushManager" in this.#worker;
  }

  /**
   * Applies the choice of an account that has signed in. An existing subscription of this browser belongs to the new
   * session from now on.
   * @param {string} account
   */
  async begin(account) {
    this.#account = await accountDigest(account);
    this.#isOn = keptText(NAME) === this.#account;
    if (this.state === "on") await this.#start();
    this.dispatchEvent(new Event("change"));
  }

  /** Ends with the session. The subscription of the session ends at the bridge. */
  end() {
    this.#isOn = false;
    void this.close();
    this.#worker = null;
  }

  /** Asks the person for the permission. Call this while handling the person's click. */
  async turnOn() {
    if (await Notification.requestPermission() === "granted") {
      // If the browser stores nothing, notifications are on until the page is closed.
      keepText(NAME, this.#account || null);
      this.#isOn = true;
      await this.#start();
    }
    this.dispatchEvent(new Event("change"));
  }

  async turnOff() {
    keepText(NAME, null);
    this.#isOn = false;
    await this.close();
    try {
      if (this.#worker) await this.push.turnOff(this.#worker);
    } finally {
      await Promise.allSettled([this.#worker?.unregister(), forgetTitle()]);
      this.#worker = null;
      this.dispatchEvent(new Event("change"));
    }
  }

  /** Subscribes to push messages, or ends the subscription. Call this while handling the person's click. @param {boolean} isOn */
  async choosePush(isOn) {
    if (!this.#worker) return;
    const chosen = isOn ? this.push.turnOn(this.#worker) : this.push.turnOff(this.#worker);
    await chosen.finally(() => this.dispatchEvent(new Event("change")));
  }

  /** Shows that there is new mail. A notification replaces the earlier one. */
  async show() {
    if (this.state !== "on") return;
    try {
      if (this.#worker) return await this.#worker.showNotification(this.#place.title(), { tag: TAG });
      this.#shown = new Notification(this.#place.title(), { tag: TAG });
      this.#shown.addEventListener("click", () => {
        window.focus();
        this.#place.showInbox();
        void this.close();
      });
    } catch {
      // If the browser shows no notification now, the title of the page still shows the new mail.
    }
  }

  /** Closes the notification, because the person looks at the inbox. */
  async close() {
    this.#shown?.close();
    this.#shown = null;
    const shown = await this.#worker?.getNotifications({ tag: TAG }).catch(() => []);
    for (const notification of shown ?? []) notification.close();
  }

  /** Starts the worker. Some private windows allow no worker; the page then shows notifications while it is open. */
  async #start() {
    try {
      this.#worker = await startWorker();
      if (this.#worker) await keepTitle(this.#worker, this.#place.title());
    } catch {
      this.#worker = null;
    }
    if (this.#worker) await this.push.renew(this.#worker);
  }
}

async function startWorker() {
  const isChecked = document.querySelector("meta[name=sealwax-checked]") !== null;
  if (isChecked || !navigator.serviceWorker) return null;
  const base = new URL("./", import.meta.url);
  const worker = await navigator.serviceWorker.register(noticeWorkerUrl(base), {
    scope: new URL(SCOPE, base).href, updateViaCache: "none",
  });
  const coming = worker.installing ?? worker.waiting;
  if (coming && !worker.active) await untilState(coming, ["activated"], new Error("the service worker did not start"));
  return worker;
}
