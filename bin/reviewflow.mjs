#!/usr/bin/env node
/** The installed command: hands over to the Node 26 that npm brought, whatever Node started us. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { findNode, handOver, root } from "../scripts/bootstrap.mjs";

// A package holds JavaScript instead of the sources (deploy/pack.mjs).
const commands = ["src/cli/reviewflow.ts", "dist/src/cli/reviewflow.js"].map((path) => join(root, path));
const command = commands.find((path) => existsSync(path));
if (command === undefined) {
  process.stderr.write("This package has no program in it: make it by npm pack, with its scripts allowed.\n");
  process.exit(1);
}
// Without the texts that an earlier start made of the sources, each start makes them anew: 40 MiB and half a second.
if (command === commands[0])
  process.env.NODE_COMPILE_CACHE ??= join(root, "node_modules", ".cache", "reviewflow");
handOver(findNode(), [command, ...process.argv.slice(2)]);
