import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { describeError } from "../base/errors.ts";
import type { Diagnosis } from "./diagnosis.ts";
import { type AddressAnswer, diagnoseAddress } from "./diagnose-address.ts";

/** Turns a host's name to its addresses; null when it has none. */
export type ResolveHost = (host: string) => Promise<readonly string[] | null>;

/** Asks the system. */
export const resolveHost: ResolveHost = async (host) => {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch {
    return null;
  }
};

/** What an address is examined with. */
export type AddressSubject = {
  readonly hookUrl: string;
  readonly gitlabUrl: string;
  readonly resolve: ResolveHost;
  readonly timeoutMs: number;
};

/** Looks at the address that hooks call, as far as it can be seen from here. */
export const examineAddress = async (subject: AddressSubject): Promise<readonly Diagnosis[]> => {
  const { hookUrl, gitlabUrl } = subject;
  const [hookAddresses, gitlabAddresses, answer] = await Promise.all([
    addressesOf(hookUrl, subject.resolve),
    addressesOf(gitlabUrl, subject.resolve),
    ask(subject),
  ]);
  return diagnoseAddress({ hookUrl, hookAddresses, gitlabUrl, gitlabAddresses, answer });
};

const addressesOf = async (url: string, resolve: ResolveHost): Promise<readonly string[] | null> => {
  const host = URL.parse(url)?.hostname.replaceAll(/^\[|\]$/g, "") ?? "";
  return isIP(host) === 0 ? resolve(host) : [host];
};

/** A plain reading call: our server answers it with 405, and a proxy as it would answer GitLab. */
const ask = async ({ hookUrl, timeoutMs }: AddressSubject): Promise<AddressAnswer> => {
  try {
    const response = await fetch(hookUrl, { redirect: "manual", signal: AbortSignal.timeout(timeoutMs) });
    await response.body?.cancel();
    const location = response.headers.get("location");
    const target = location === null ? null : (URL.parse(location, hookUrl)?.href ?? null);
    return { kind: "status", status: response.status, location: target };
  } catch (error) {
    return { kind: "error", message: reasonOf(error) };
  }
};

const reasonOf = (error: unknown): string => {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error && "code" in cause) return String(cause.code);
  return describeError(error);
};
