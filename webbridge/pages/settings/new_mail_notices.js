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
import { accountDigest } from "../app/state_database.js";

/** @typedef {"elsewhere" | "unsupported" | "blocked" | "off" | "on"} NoticeState `elsewhere`: another person's computer */

/** The hash of the account for which notifications are on. */
const NAME = "sealwax-new-mail";
const SCOPE = "./new-mail/";

/** Dispatches "change". */
export class NewMailNotices extends EventTarget {
  #title;
  #isOwnComputer;
  #showInbox;
  #isOn = false;
  #account = "";
  /** @type {ServiceWorkerRegistration | null} */
  #worker = null;
  /** The notification of a page without a worker. @type {Notification | null} */
  #shown = null;

  /**
   * @param {{title: () => string, api: import("../app/api.js").BridgeApi, isOwnComputer: () => boolean, showInbox: () => void}} options
   */
  constructor({ title, api, isOwnComputer, showInbox }) {
    super();
    this.#title = title;
    this.#isOwnComputer = isOwnComputer;
    this.#showInbox = showInbox;
    this.push = new PushSubscriptions(api.push);
    navigator.serviceWorker?.addEventListener("message", ({ data }) => {
      if (data?.type === SHOW_INBOX) this.#showInbox();
    });
  }

  /** @returns {NoticeState} */
  get state() {
    if (!this.#isOwnComputer()) return "elsewhere";
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
    this.#isOn = recall() === this.#account;
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
      remember(this.#account);
      this.#isOn = true;
      await this.#start();
    }
    this.dispatchEvent(new Event("change"));
  }

  async turnOff() {
    remember(null);
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
    try {
      if (isOn) await this.push.turnOn(this.#worker);
      else await this.push.turnOff(this.#worker);
    } finally {
      this.dispatchEvent(new Event("change"));
    }
  }

  /** Shows that there is new mail. A notification replaces the earlier one. */
  async show() {
    if (this.state !== "on") return;
    try {
      if (this.#worker) return await this.#worker.showNotification(this.#title(), { tag: TAG });
      this.#shown = new Notification(this.#title(), { tag: TAG });
      this.#shown.addEventListener("click", () => {
        window.focus();
        this.#showInbox();
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
      if (this.#worker) await keepTitle(this.#worker, this.#title());
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
  await active(worker);
  return worker;
}

/** @param {ServiceWorkerRegistration} registration @returns {Promise<void>} */
function active(registration) {
  const coming = registration.installing ?? registration.waiting;
  if (registration.active || !coming) return Promise.resolve();
  return new Promise((resolve, reject) => {
    coming.addEventListener("statechange", () => {
      if (coming.state === "activated") resolve();
      if (coming.state === "redundant") reject(new Error("the service worker did not start"));
    });
  });
}

function recall() {
  try {
    return localStorage.getItem(NAME);
  } catch {
    return null;
  }
}

/** @param {string | null} account */
function remember(account) {
  try {
    if (account) localStorage.setItem(NAME, account);
    else localStorage.removeItem(NAME);
  } catch {
    // If the browser stores nothing, notifications are on until the page is closed.
  }
}
