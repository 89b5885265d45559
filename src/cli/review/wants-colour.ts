import type { Environment } from "../../config/environment.ts";

/**
 * Whether a text may hold colours and links. `NO_COLOR` with any text but the empty one asks for none
 * (https://no-color.org), and so does a terminal that says it is a dumb one.
 */
export const wantsColour = (environment: Environment, isTerminal: boolean): boolean =>
  isTerminal && (environment["NO_COLOR"] ?? "") === "" && environment["TERM"] !== "dumb";
