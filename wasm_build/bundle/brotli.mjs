/**
 * Compresses files with Brotli (RFC 7932) in the build, so that servers need not compress them.
 *
 * Usage: node brotli.mjs [QUALITY FILE OUT]...
 */

import fs from "node:fs";
import { brotliCompressSync, constants } from "node:zlib";

const LARGEST_WINDOW_OF_BROWSERS = 24;

const given = process.argv.slice(2);
for (let index = 0; index < given.length; index += 3) {
  const [quality, file, out] = given.slice(index, index + 3);
  const content = fs.readFileSync(file);
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: Number(quality),
    [constants.BROTLI_PARAM_LGWIN]: LARGEST_WINDOW_OF_BROWSERS,
    [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
  };
  fs.writeFileSync(out, brotliCompressSync(content, { params }));
}
