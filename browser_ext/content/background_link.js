/** Requests of the extension's scripts in a page to the background. */
import { problem } from "./problems.js";
import { api } from "./world.js";

const RETRY_MILLISECONDS = 500;

/**
 * Sends a message to the background. If the background ended before it answered, the message is sent once more, which
 * starts the background again.
 * @param {string} type @param {object} body
 */
export async function ask(type, body) {
  const reply = (await send(type, body)) ?? (await pause(), await send(type, body));
  if (reply?.error) throw problem(reply.error.code, reply.error.message);
  return reply?.value;
}

/** @param {string} type @param {object} body @returns {Promise<any>} undefined if nobody answered */
function send(type, body) {
  return api.runtime.sendMessage({ type, body }).catch(() => undefined);
}

function pause() {
  return new Promise((resolve) => setTimeout(resolve, RETRY_MILLISECONDS));
}
