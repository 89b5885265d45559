import { InvalidArgumentError } from "commander";
import { text as shown } from "./catalogue-command.ts";

const MAX_PORT = 65_535;

/** A port as the command line gives it; 0 is any free one. Throws commander's error, which names the option. */
export const parsePort = (text: string): number => {
  if (/^\d{1,5}$/.test(text) && Number(text) <= MAX_PORT) return Number(text);
  throw new InvalidArgumentError(shown("cli.usage.port"));
};
