/** `npm run docs`: writes the documents that are made from the schemas. A test compares them. */
import { writeFileSync } from "node:fs";
import { renderGeneratedFiles } from "./docs/generated-files.ts";

for (const [path, text] of renderGeneratedFiles())
  writeFileSync(new URL(`../${path}`, import.meta.url), text);
