import { message } from "../messages/message.ts";
import ipaddr from "ipaddr.js";
import { ConfigError, problemAt } from "../base/errors.ts";
import type { Address } from "../base/address.ts";
import { isMetadataAddress, isMetadataName, classifyAddress, parseAddress } from "../base/address.ts";

type Rule =
  | {
      readonly kind: "name";
      readonly name: string;
      readonly subdomains: boolean;
      readonly port: number | null;
    }
  | { readonly kind: "network"; readonly base: Address; readonly bits: number; readonly port: number | null };

/** Which guarded destinations the operator has opened; made by `parseEgressPolicy`. */
export type EgressPolicy = { readonly rules: readonly Rule[] };

/** A destination before its name is resolved: a host without brackets or final dot, and a port. */
export type Destination = { readonly host: string; readonly port: number };

/** Whether a request may go there. */
export type EgressVerdict = { readonly ok: true } | { readonly ok: false; readonly why: string };

const ALLOWED: EgressVerdict = { ok: true };
const NAME =
  /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

/** Lower case without brackets and without the root's dot. */
export const normalizeHost = (host: string): string =>
  host
    .toLowerCase()
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "");

const parsePort = (text: string | undefined): number | null | undefined => {
  if (text === undefined) return null;
  const port = Number(text);
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
};

const splitPort = (entry: string): readonly [host: string, port: string | undefined] => {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(entry);
  if (bracketed?.[1] !== undefined) return [bracketed[1], bracketed[2]];
  const plain = /^([^:]+):(\d+)$/.exec(entry);
  return plain?.[1] === undefined ? [entry, undefined] : [plain[1], plain[2]];
};

const parseRule = (raw: string): Rule | undefined => {
  const [host, portText] = splitPort(raw.trim().toLowerCase());
  const port = parsePort(portText);
  if (port === undefined) return undefined;
  if (host.includes("/")) {
    if (!ipaddr.isValidCIDR(host)) return undefined;
    const [base, bits] = ipaddr.parseCIDR(host);
    return { kind: "network", base, bits, port };
  }
  const address = parseAddress(host);
  if (address !== null) {
    return { kind: "network", base: address, bits: address.kind() === "ipv4" ? 32 : 128, port };
  }
  const subdomains = host.startsWith("*.");
  const name = normalizeHost(subdomains ? host.slice(2) : host);
  return NAME.test(name) && /[a-z]/.test(name) ? { kind: "name", name, subdomains, port } : undefined;
};

/**
 * Reads the setting `egress.allow`: host names (`gitlab.corp.example`, `*.corp.example`), addresses and
 * networks (`10.1.2.3`, `10.0.0.0/8`, `fd00::/8`), each with a port or for all ports
 * (`gitlab.corp.example:8443`, `[fd00::1]:8080`). A name opens whatever it resolves to.
 * Throws `ConfigError` with every entry that is none of these.
 */
export const parseEgressPolicy = (allow: readonly string[]): EgressPolicy => {
  const parsed = allow.map((entry) => ({ entry, rule: parseRule(entry) }));
  const wrong = parsed.filter(({ rule }) => rule === undefined);
  if (wrong.length > 0) {
    throw new ConfigError(
      wrong.map(({ entry }) => problemAt("egress.allow", message("config.not-a-destination", { entry }))),
      { code: "egress-allow-invalid" },
    );
  }
  return { rules: parsed.flatMap(({ rule }) => (rule === undefined ? [] : [rule])) };
};

const namesHost = (policy: EgressPolicy, { host, port }: Destination): boolean =>
  policy.rules.some(
    (rule) =>
      rule.kind === "name" &&
      (rule.port === null || rule.port === port) &&
      (rule.subdomains ? host.endsWith(`.${rule.name}`) : host === rule.name),
  );

const holds = (rule: Rule, address: Address): boolean => {
  if (rule.kind !== "network" || rule.base.kind() !== address.kind()) return false;
  // A metadata service is opened by its own address only, never by a network around it.
  if (isMetadataAddress(address) && rule.bits < address.toByteArray().length * 8) return false;
  return address.match(rule.base, rule.bits);
};

/** The verdict on a name before it is resolved: names of metadata services are refused unless listed. */
export const checkName = (policy: EgressPolicy, destination: Destination): EgressVerdict =>
  isMetadataName(destination.host) && !namesHost(policy, destination)
    ? { ok: false, why: "metadataName" }
    : ALLOWED;

/**
 * The verdict on the address that would be connected for `destination`: public addresses pass, all
 * others only when the host's name or a network with the address is listed for this port. A listed
 * name does not open a metadata service that it happens to resolve to.
 */
export const checkConnection = (
  policy: EgressPolicy,
  destination: Destination,
  text: string,
): EgressVerdict => {
  const address = parseAddress(text);
  if (address === null) return { ok: false, why: "none" };
  const verdict = classifyAddress(address);
  if (verdict.kind === "public") return ALLOWED;
  if (
    policy.rules.some(
      (rule) => (rule.port === null || rule.port === destination.port) && holds(rule, address),
    )
  ) {
    return ALLOWED;
  }
  const byName = namesHost(policy, destination);
  if (byName && (!isMetadataAddress(address) || isMetadataName(destination.host))) return ALLOWED;
  return { ok: false, why: verdict.why };
};
