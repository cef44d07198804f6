/** The places of folders in their tree: the depth of a folder below the shown folders, and the folder's name there. */

/** @typedef {import("../folder_answers.js").Folder} Folder */

const MAX_DEPTH = 4;
/** The largest number of levels of a name. The levels beyond count as one. */
const MAX_LEVELS = 20;

/**
 * The folders in order, each followed by the folders inside it, with the depth of each folder and its name within the
 * folder around it. Folders with a role come first, without a tree.
 * @param {Folder[]} folders
 * @returns {{folder: Folder, depth: number, ownName: string | null}[]} `ownName` is null if the whole name is shown
 */
export function arrangeTree(folders) {
  const plain = folders.filter(({ role }) => role === null);
  const known = new Set(plain.map(({ name }) => name));
  /** @param {Folder} folder @returns {string[]} the names of the shown folders around it, the outermost first */
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
  return [
    ...folders.filter(({ role }) => role !== null).map((folder) => ({ folder, depth: 0, ownName: null })),
    ...byTree(placed),
  ];
}

/**
 * The folders in their order, each followed by the folders inside it.
 * @template {{folder: Folder, path: string[]}} Placed
 * @param {Placed[]} placed
 */
function byTree(placed) {
  /** @type {Map<string, Placed[]>} */
  const inside = new Map();
  for (const node of placed) {
    const outer = node.path.at(-2) ?? "";
    inside.set(outer, [...inside.get(outer) ?? [], node]);
  }
  /** @type {Placed[]} */
  const ordered = [];
  // A stack replaces recursion, because a server can nest names to any depth.
  const left = [...inside.get("") ?? []].reverse();
  for (let node = left.pop(); node; node = left.pop()) {
    ordered.push(node);
    left.push(...[...inside.get(node.folder.name) ?? []].reverse());
    // A server may give two folders the same name. The folders inside come below the first.
    inside.delete(node.folder.name);
  }
  return ordered;
}
