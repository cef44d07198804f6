/**
 * Bundles scripts and style sheets with esbuild: each entry becomes one file, with its source map beside it.
 *
 * Usage: node scripts.mjs OUT < SETTINGS, where SETTINGS is JSON: `root` is the folder of the sources, `folder` is the
 * folder in `dist/`, `format` is `esm` or `iife`, `entries` maps output names to sources, `published` maps files that
 * are not bundled to the addresses by which they are imported, `inlined` lists the files of packages that may be bundled,
 * `pinned` is the text of `pinned.js` or null, and `small` minifies the bundles and leaves out their source maps.
 */

import fs from "node:fs";
import path from "node:path";
import { build } from "esbuild";

const [out] = process.argv.slice(2);
const { root, folder, format, entries, published, inlined, pinned, small } = JSON.parse(fs.readFileSync(0, "utf8"));

/** Keeps published files out of the bundle, refuses files of packages that are not listed, and puts the generated module in the place of `pinned.js`. */
const rules = {
  name: "rules of the product",
  setup(bundler) {
    bundler.onResolve({ filter: /\/node_modules\// }, ({ path: name, resolveDir }) => {
      const file = path.relative(root, path.resolve(resolveDir, name)).split(path.sep).join("/");
      if (inlined.includes(file)) return { path: path.join(root, file) };
      if (!Object.hasOwn(published, file)) return { errors: [{ text: `${file} is not among the published files` }] };
      return { path: published[file], external: true };
    });
    bundler.onResolve({ filter: /\/pinned\.js$/ }, () => {
      if (pinned === null) return { errors: [{ text: "a Worker cannot hold its own hash" }] };
      return { path: "pinned.js", namespace: "made" };
    });
    bundler.onLoad({ filter: /.*/, namespace: "made" }, () => ({ contents: pinned, loader: "js" }));
  },
};

// The source maps contain this path. It does not depend on OUT, so that builds into other folders give the same bytes.
const outdir = path.join(root, "dist", folder);
const { outputFiles } = await build({
  absWorkingDir: root,
  bundle: true,
  charset: "utf8",
  loader: { ".pfb": "binary", ".wasm": "binary" },
  minify: small,
  // Names stay, so that reports of errors can be read. Blanks and line ends are a fifth of what a first visit loads of scripts.
  minifyWhitespace: true,
  entryPoints: Object.entries(entries).map(([name, source]) => ({ in: source, out: name.replace(/\.\w+$/, "") })),
  format,
  // esbuild does not rewrite new syntax for old browsers: each browser that the extension's manifest admits can run it.
  target: "esnext",
  logLevel: "warning",
  outdir,
  plugins: [rules],
  // Calls without effect (`browser_ext/content/dom_tree.js`): those whose result nobody uses are left out.
  pure: ["readerOf"],
  sourcemap: small ? false : "linked",
  tsconfigRaw: "{}",
  write: false,
});
for (const { path: name, contents } of outputFiles) {
  const target = path.join(out, path.relative(outdir, name));
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.writeFileSync(target, contents);
}
