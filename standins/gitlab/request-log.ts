import type { FaultKind } from "./faults.ts";

/** One request that the stand-in got. No token is ever in it. */
export type LoggedRequest = {
  readonly method: string;
  /** As sent, percent-encoded, without the query. */
  readonly path: string;
  /** The query; values of parameters that hold secrets are replaced. */
  readonly query: Readonly<Record<string, string>>;
  /** The status of the answer; null while it is open and where none was given. */
  status: number | null;
  /** The user of the token; null for nobody. */
  user: string | null;
  /** The fault that struck it. */
  fault: FaultKind["kind"] | null;
  readonly at: number;
};

const SECRET = /token|secret|password/i;

/** The query as an object, without secrets. */
export const loggedQuery = (query: URLSearchParams): Record<string, string> =>
  Object.fromEntries([...query].map(([name, value]) => [name, SECRET.test(name) ? "[REDACTED]" : value]));
