/**
 * Compresses one file by Brotli (RFC 7932), so that a server need not.
 *
 * Usage: node brotli.mjs QUALITY FILE OUT
 */

import fs from "node:fs";
import { brotliCompressSync, constants } from "node:zlib";

const LARGEST_WINDOW_OF_BROWSERS = 24;

const [quality, file, out] = process.argv.slice(2);
const content = fs.readFileSync(file);
const params = {
  [constants.BROTLI_PARAM_QUALITY]: Number(quality),
  [constants.BROTLI_PARAM_LGWIN]: LARGEST_WINDOW_OF_BROWSERS,
  [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
};
fs.writeFileSync(out, brotliCompressSync(content, { params }));
