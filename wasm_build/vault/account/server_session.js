/** The sealed session of an account at the key server, and the facts about the account that came with it. */

import { overwrite } from "../memory/cleanup.js";

/** @import {KeyServerMemory, OpenSession, Step} from "../types/account.js" */

export class ServerSession {
  #memory;
  #user;
  /** @type {ArrayBuffer | null} */
  #sealed = null;
  #calls = 0;
  /** The time in seconds since 1970 of the reset that made the account; null if no reset did. @type {number | null} */
  resetAt = null;

  /** @param {KeyServerMemory} memory @param {string} user */
  constructor(memory, user) {
    this.#memory = memory;
    this.#user = user;
  }

  /** A copy of the session, and the number of its calls; null if there is no session. @returns {OpenSession | null} */
  get copy() {
    return this.#sealed && { session: this.#sealed.slice(0), calls: this.#calls };
  }

  /** Continues the session of an earlier client. @param {OpenSession} openSession */
  resume({ session, calls }) {
    this.#sealed = session;
    this.#calls = calls;
  }

  forget() {
    if (this.#sealed) overwrite(this.#sealed);
    this.#sealed = null;
  }

  /** Takes over the session of a step, and stores what this device knows of the account. @param {Step} step */
  async take({ session, known, calls }) {
    this.#calls = calls ?? this.#calls;
    if (!session || !known) return;
    this.forget();
    this.#sealed = session;
    this.resetAt = JSON.parse(new TextDecoder().decode(known)).reset ?? null;
    const { token } = await this.#memory.read(this.#user);
    await this.#memory.write(this.#user, { token, known });
  }
}
