import { createRequire } from "node:module";
import type * as yaml from "yaml";
import { z } from "zod";

const isFunction = (value: unknown): boolean => typeof value === "function";

const Library = z.object({
  parseDocument: z.custom<typeof yaml.parseDocument>(isFunction),
  visit: z.custom<typeof yaml.visit>(isFunction),
  Lexer: z.custom<typeof yaml.Lexer>(isFunction),
  LineCounter: z.custom<typeof yaml.LineCounter>(isFunction),
});

const require = createRequire(import.meta.url);

let library: z.infer<typeof Library> | undefined;

/** The reader of YAML. Its 72 files are loaded by the first caller: a server may have no file to read. */
export const loadYaml = (): z.infer<typeof Library> => (library ??= Library.parse(require("yaml")));
