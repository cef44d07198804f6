/** The places of folders in their tree: how deep a folder is below those that are shown, and its name there. */

/** @typedef {import("../folder_answers.js").Folder} Folder */

const MAX_DEPTH = 4;
/** Of a longer name, the levels beyond these are taken as one. */
const MAX_LEVELS = 20;

/**
 * The folders with the folders inside each after it, and for each its depth and the part of its name that is its own.
 * Folders with a role stand at the top, before all others and without a tree.
 * @param {Folder[]} folders
 * @returns {{folder: Folder, depth: number, ownName: string | null}[]} `ownName` is null if the whole name is shown
 */
export function arrangeTree(folders) {
  const plain = folders.filter(({ role }) => role === null);
  const known = new Set(plain.map(({ name }) => name));
  /** @param {Folder} folder @returns {string[]} the names of the folders around it that are shown, the outermost first */
  const around = ({ name, delimiter }) => {
    const outer = [];
    let end = delimiter ? name.indexOf(delimiter) : -1;
    for (let level = 0; end >= 0 && level < MAX_LEVELS; level += 1) {
      if (known.has(name.slice(0, end))) outer.push(name.slice(0, end));
      end = name.indexOf(delimiter ?? "", end + 1);
    }
    return outer;
  };
  const placed = plain.map((folder) => {
    const outer = around(folder);
    const nearest = outer.at(-1);
    const ownName = nearest === undefined ? null : folder.name.slice(nearest.length + (folder.delimiter?.length ?? 0)) || null;
    return { folder, depth: Math.min(outer.length, MAX_DEPTH), ownName, path: [...outer, folder.name] };
  });
  const withRole = folders.filter(({ role }) => role !== null).map((folder) => ({ folder, depth: 0, ownName: null }));
  return [...withRole, ...byTree(placed)];
}

/**
 * The folders in their order, with those inside each after it.
 * @template {{folder: Folder, path: string[]}} Placed
 * @param {Placed[]} placed
 */
function byTree(placed) {
  /** @type {Map<string, Placed[]>} */
  const inside = new Map();
  for (const one of placed) {
    const outer = one.path.at(-2) ?? "";
    inside.set(outer, [...inside.get(outer) ?? [], one]);
  }
  /** @type {Placed[]} */
  const ordered = [];
  // A stack and no recursion, because a server can nest names as deep as it likes.
  const left = [...inside.get("") ?? []].reverse();
  for (let one = left.pop(); one; one = left.pop()) {
    ordered.push(one);
    left.push(...[...inside.get(one.folder.name) ?? []].reverse());
    // A server may give two folders one name. Those inside stand below the first.
    inside.delete(one.folder.name);
  }
  return ordered;
}
