import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context } from "hono";
import ipaddr from "ipaddr.js";
import { type Address, parseAddress } from "../base/address.ts";

/**
 * Whoever sent a request, for counting and for logs: an address, of IPv6 its network of 64 bits, which one
 * sender has to himself; `unknown` for a request that came over no connection.
 */
export type ClientOf = (context: Context) => string;

/** More proxies than this stand in no row; what is before them is not read. */
const MOST_PROXIES = 16;

/**
 * Reads who sent a request. `X-Forwarded-For` is believed as far as proxies of ours wrote it: its addresses are
 * taken from the end for as long as the one before is in `trustedProxies` (addresses and networks).
 */
export const createClientOf = (trustedProxies: readonly string[]): ClientOf => {
  const trusted = trustedProxies.map(parseNetwork);
  const isTrusted = (address: Address): boolean =>
    trusted.some(([base, bits]) => base.kind() === address.kind() && address.match(base, bits));
  return (context) => {
    const peer = parseHop(peerOf(context) ?? "");
    if (peer === null) return "unknown";
    let client = peer;
    for (const hop of (context.req.header("x-forwarded-for") ?? "")
      .split(",")
      .slice(-MOST_PROXIES)
      .toReversed()) {
      const before = isTrusted(client) ? parseHop(hop) : null;
      if (before === null) break;
      client = before;
    }
    return nameOf(client);
  };
};

/** The address of the other end of the connection; null where a request came over none. */
export const peerOf = (context: Context): string | null => {
  try {
    return getConnInfo(context).remote.address ?? null;
  } catch {
    return null;
  }
};

/** An address, or a network as `10.0.0.0/8`. Throws for anything else. */
const parseNetwork = (text: string): readonly [Address, number] => {
  if (text.includes("/")) return ipaddr.parseCIDR(text);
  const address = ipaddr.process(text);
  return [address, address.toByteArray().length * 8];
};

/** An address as proxies write it, perhaps with a port. */
const parseHop = (text: string): Address | null =>
  parseAddress(
    text
      .trim()
      .replace(/^\[([^\]]*)\](?::\d+)?$/, "$1")
      .replace(/^([\d.]+):\d+$/, "$1"),
  );

const nameOf = (address: Address): string =>
  address instanceof ipaddr.IPv6
    ? `${new ipaddr.IPv6([...address.parts.slice(0, 4), 0, 0, 0, 0]).toString()}/64`
    : address.toString();
