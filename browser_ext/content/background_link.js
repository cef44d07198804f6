/** Requests of a page's scripts to the background. */
import { problem } from "./problems.js";
import { api } from "./world.js";

/** @param {string} type @param {object} body */
export async function ask(type, body) {
  const reply = await api.runtime.sendMessage({ type, body });
  if (reply?.error) throw problem(reply.error.code, reply.error.message);
  return reply?.value;
}
