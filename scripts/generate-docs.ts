/** `npm run docs`: writes what is made from the schemas and from the catalogue of messages. A test compares them. */
import { writeFileSync } from "node:fs";
import { renderGeneratedFiles } from "./docs/generated-files.ts";

for (const [path, text] of renderGeneratedFiles())
  writeFileSync(new URL(`../${path}`, import.meta.url), text);
