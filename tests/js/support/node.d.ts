// The modules and globals of Node that tests use, without types. Those of the package @types/node would change the
// types of timers in the product's modules, which run in browsers.
declare module "node:assert/strict";
declare module "node:child_process";
declare module "node:crypto";
declare module "node:events";
declare module "node:fs";
declare module "node:http";
declare module "node:module";
declare module "node:path";
declare module "node:test";
declare module "node:url";
declare module "node:util";
declare module "node:vm";
declare module "node:worker_threads";
declare const Buffer: any;
declare const process: any;
declare function setImmediate(act: () => void): unknown;
