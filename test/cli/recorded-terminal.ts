import type { Terminal } from "../../src/cli/terminal.ts";

/** A terminal that keeps what was written to it. */
export const recordedTerminal = (): Terminal & { readonly out: () => string; readonly err: () => string } => {
  let out = "";
  let err = "";
  return {
    write: (text) => {
      out += text;
    },
    complain: (text) => {
      err += text;
    },
    out: () => out,
    err: () => err,
  };
};

/** The path of a workflow file of the conformance suite. */
export const conformancePath = (name: string): string =>
  new URL(`../flow/conformance/flows/${name}.yml`, import.meta.url).pathname;
