/** Content scripts that the browser keeps registered. A change is one step, so no page can load while a script is missing. */
import { api } from "../../shared/api.js";
import { inTurn } from "./turns.js";

/**
 * Registers these scripts for the pages of `findMatches`. They replace earlier scripts with the same ids. If there are no pages,
 * no script stays registered. If the browser refuses the pages, the earlier scripts stay.
 * @param {{id: string, js: string[], runAt: string, allFrames: boolean}[]} scripts @param {() => Promise<string[]>} findMatches
 */
export function keepRegistered(scripts, findMatches) {
  const ids = scripts.map(({ id }) => id);
  return inTurn(`scripts ${ids}`, async () => {
    const matches = await findMatches();
    const known = new Set((await api.scripting.getRegisteredContentScripts({ ids })).map(({ id }) => id));
    if (!matches.length) return known.size ? api.scripting.unregisterContentScripts({ ids: [...known] }) : undefined;
    const registrations = /** @type {chrome.scripting.RegisteredContentScript[]} */ (scripts.map((script) => ({ ...script, matches })));
    const [changed, added] = [registrations.filter(({ id }) => known.has(id)), registrations.filter(({ id }) => !known.has(id))];
    if (changed.length) await api.scripting.updateContentScripts(changed);
    if (added.length) await api.scripting.registerContentScripts(added);
  });
}
