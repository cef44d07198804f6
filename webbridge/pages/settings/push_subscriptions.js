/**
 * The subscription of this browser at its push service (Push API). The bridge sends messages to the subscription's address
 * while the session lasts and no page is open. The messages have no content.
 */

import { bytesFromBase64 } from "../../../wasm_build/vault/values/base64.js";
import { haveSameBytes } from "../../../wasm_build/vault/values/same_bytes.js";
import { ApiError, JSON_TYPE } from "../../../wasm_build/vault/server/json_requests.js";

/** @typedef {import("../../../wasm_build/vault/server/json_requests.js").RequestOptions} RequestOptions */

/** The requests to the bridge. */
export class PushRequests {
  #json;
  /** The public key of the bridge's operator in base64url, or null if the bridge sends no messages. @type {string | null} */
  key = null;

  /** @param {(path: string, options: RequestOptions) => Promise<any>} json sends a request and reads the answer */
  constructor(json) {
    this.#json = json;
  }

  /** @param {string} endpoint rejects with `push-service-refused` or `too-many-browsers` */
  async keep(endpoint) {
    await this.#json("/api/push", { method: "PUT", body: JSON.stringify({ endpoint }), headers: JSON_TYPE });
  }

  async forget() {
    await this.#json("/api/push", { method: "DELETE" });
  }
}

export class PushSubscriptions {
  #requests;
  /** Whether the session of this page has a subscription. */
  isOn = false;

  /** @param {PushRequests} requests */
  constructor(requests) {
    this.#requests = requests;
  }

  get isOffered() {
    return this.#requests.key !== null;
  }

  /**
   * Subscribes. Rejects with `push-failed` if the browser's push service does not answer.
   * @param {ServiceWorkerRegistration} worker
   */
  async turnOn(worker) {
    const applicationServerKey = keyBytes(this.#requests.key ?? "");
    await this.#dropOther(worker);
    const subscription = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey }).catch((error) => {
      throw new ApiError("push-failed", String(error));
    });
    await this.#requests.keep(subscription.endpoint);
    this.isOn = true;
  }

  /** @param {ServiceWorkerRegistration} worker */
  async turnOff(worker) {
    const wasOn = this.isOn;
    this.isOn = false;
    const subscription = await worker.pushManager?.getSubscription().catch(() => null);
    await subscription?.unsubscribe();
    if (wasOn) await this.#requests.forget();
  }

  /**
   * Gives a new session the subscription that the browser has kept. Makes no new subscription.
   * @param {ServiceWorkerRegistration} worker
   */
  async renew(worker) {
    this.isOn = false;
    if (!this.isOffered || !worker.pushManager) return;
    try {
      await this.#dropOther(worker);
      const subscription = await worker.pushManager.getSubscription();
      if (!subscription) return;
      await this.#requests.keep(subscription.endpoint);
      this.isOn = true;
    } catch {
      // The account's settings show that push messages are off. The person can ask for them again.
    }
  }

  /** Ends a subscription under an earlier key of the operator, which push services refuse. @param {ServiceWorkerRegistration} worker */
  async #dropOther(worker) {
    const subscription = await worker.pushManager.getSubscription();
    const key = subscription?.options.applicationServerKey;
    if (key && !haveSameBytes(key, keyBytes(this.#requests.key ?? "").buffer)) await subscription.unsubscribe();
  }
}

/** @param {string} text in base64url */
function keyBytes(text) {
  return new Uint8Array(bytesFromBase64(text.replaceAll("-", "+").replaceAll("_", "/")));
}
