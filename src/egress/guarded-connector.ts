import { inEnglish } from "../base/errors.ts";
import { type Message, message } from "../messages/message.ts";
import { lookup as lookupName } from "node:dns/promises";
import type { LookupFunction } from "node:net";
import { buildConnector } from "undici";
import { parseAddress } from "../base/address.ts";
import type { Destination, EgressPolicy, EgressVerdict } from "./egress-policy.ts";
import { checkConnection, checkName, normalizeHost } from "./egress-policy.ts";

/** Resolves a host name to addresses. */
export type Resolver = (host: string) => Promise<readonly string[]>;

/** The operating system's resolver, which knows /etc/hosts and search domains too. */
export const systemResolver: Resolver = async (host) =>
  (await lookupName(host, { all: true })).map(({ address }) => address);

/** A destination that the operator has not opened. */
export class EgressRefusal extends Error {
  readonly code = "EGRESS_REFUSED";
  readonly what: Message;

  constructor({ host, port }: Destination, kind: string, address: string | null) {
    const named = {
      host: `${host}:${port}`,
      what: message("egress.address", { kind }),
      entry: `${host.includes(":") ? `[${host}]` : host}:${port}`,
    };
    const what =
      address === null || address === host
        ? message("egress.refused", named)
        : message("egress.refused-resolved", { ...named, address });
    super(inEnglish(what));
    this.name = "EgressRefusal";
    this.what = what;
  }
}

const familyOf = (address: string): 4 | 6 => (address.includes(":") ? 6 : 4);

/** The addresses of a name that may be connected, or why there is none. */
const findOpen = async (
  policy: EgressPolicy,
  destination: Destination,
  resolve: Resolver,
): Promise<readonly string[] | Error> => {
  try {
    const judged = (await resolve(destination.host)).map((address) => ({
      address,
      verdict: checkConnection(policy, destination, address),
    }));
    const open = judged.filter(({ verdict }) => verdict.ok).map(({ address }) => address);
    const [first] = judged;
    if (open.length > 0) return open;
    if (first === undefined) return new Error(`${destination.host} has no address`);
    return new EgressRefusal(destination, reasonOf(first.verdict), first.address);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
};

const reasonOf = (verdict: EgressVerdict): string => (verdict.ok ? "" : verdict.why);

/**
 * A lookup for `net.connect` that hands over only addresses which the policy lets through, so that what
 * was judged is what is connected: no second resolution could answer differently.
 */
const guardedLookup =
  (policy: EgressPolicy, destination: Destination, resolve: Resolver): LookupFunction =>
  (_host, options, callback) => {
    const answer = async (): Promise<void> => {
      const open = await findOpen(policy, destination, resolve);
      const [first = ""] = open instanceof Error ? [] : open;
      if (open instanceof Error) callback(open, options.all === true ? [] : "");
      else if (options.all !== true) callback(null, first, familyOf(first));
      else
        callback(
          null,
          open.map((address) => ({ address, family: familyOf(address) })),
        );
    };
    void answer();
  };

/** What a connector needs: the policy, a resolver and what the request asks of its connection. */
export type ConnectorOptions = {
  readonly policy: EgressPolicy;
  readonly resolve: Resolver;
  readonly connectTimeoutMs: number;
  readonly verifyTls: boolean;
};

/**
 * A connector for undici that judges every connection before its first packet: literal addresses (which
 * no lookup ever sees) at once, names through the addresses they resolve to.
 * The connect timeout spans resolution, TCP and TLS.
 */
export const createGuardedConnector =
  ({ policy, resolve, connectTimeoutMs, verifyTls }: ConnectorOptions): buildConnector.connector =>
  (options, callback) => {
    const port = Number(options.port) || (options.protocol === "https:" ? 443 : 80);
    const destination: Destination = { host: normalizeHost(options.hostname), port };
    const isLiteral = parseAddress(destination.host) !== null;
    const verdict = isLiteral
      ? checkConnection(policy, destination, destination.host)
      : checkName(policy, destination);
    if (!verdict.ok) {
      callback(new EgressRefusal(destination, verdict.why, null), null);
      return;
    }
    const connect = buildConnector({
      allowH2: false,
      timeout: connectTimeoutMs,
      rejectUnauthorized: verifyTls,
      lookup: guardedLookup(policy, destination, resolve),
      port,
    });
    connect(options, callback);
  };
