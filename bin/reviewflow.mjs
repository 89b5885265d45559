#!/usr/bin/env node
/** The installed command: hands over to the Node 26 that npm brought, whatever Node started us. */
import { fileURLToPath } from "node:url";
import { findNode, handOver } from "../scripts/bootstrap.mjs";

const command = fileURLToPath(new URL("../src/cli/reviewflow.ts", import.meta.url));
handOver(findNode(), [command, ...process.argv.slice(2)]);
