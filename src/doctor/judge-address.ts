import ipaddr from "ipaddr.js";
import { showAddress } from "../gitlab/hooks/hook-address.ts";
import { type Diagnosis, fail, ok, warn } from "./diagnosis.ts";

/** What came back when the webhook's address was asked from here. */
export type AddressAnswer =
  | { readonly kind: "status"; readonly status: number; readonly location: string | null }
  | { readonly kind: "error"; readonly message: string };

/** What can be seen from here of the address that hooks call. */
export type AddressFacts = {
  readonly hookUrl: string;
  /** What its host resolves to here; null when it does not. */
  readonly hookAddresses: readonly string[] | null;
  readonly gitlabUrl: string;
  readonly gitlabAddresses: readonly string[] | null;
  readonly answer: AddressAnswer;
};

type Reach = "loopback" | "private" | "public";

const reachOf = (address: string): Reach => {
  if (!ipaddr.isValid(address)) return "public";
  const range = ipaddr.process(address).range();
  if (range === "loopback" || range === "unspecified") return "loopback";
  return range === "unicast" ? "public" : "private";
};

/** The narrowest reach of a host; `public` where it does not resolve. */
const narrowest = (addresses: readonly string[] | null): Reach => {
  const reaches = new Set((addresses ?? []).map(reachOf));
  return reaches.has("loopback") ? "loopback" : reaches.has("private") ? "private" : "public";
};

/** Judges whether GitLab can call an address: where it leads, how it is protected, and what answers there. */
export const judgeAddress = (facts: AddressFacts): readonly Diagnosis[] => [
  judgeReach(facts),
  ...judgeProtection(facts),
  judgeAnswer(facts),
];

const judgeReach = ({ hookUrl, hookAddresses, gitlabAddresses }: AddressFacts): Diagnosis => {
  const check = "webhook-reach";
  const where = showAddress(hookUrl);
  const ours = narrowest(hookAddresses);
  const theirs = narrowest(gitlabAddresses);
  if (hookAddresses === null)
    return warn(
      check,
      `The host of ${where} has no address here`,
      "See that GitLab's machine resolves it; else give the hook a name that it knows (reviewflow hook install --url)",
    );
  if (ours === "loopback" && theirs !== "loopback")
    return fail(
      check,
      `${where} is this machine alone, and GitLab is elsewhere: it would call itself`,
      "Give the hooks an address of this machine that GitLab reaches: reviewflow hook install --url https://…, and let the server listen there (REVIEWFLOW_HOST)",
    );
  if (ours === "private" && theirs === "public")
    return warn(
      check,
      `${where} is in a private network, and GitLab has a public address`,
      "See that GitLab's machine is in that network too; else give the hooks a public address, or a tunnel's",
    );
  return ok(check, `${where} is where GitLab may reach it`);
};

const judgeProtection = ({ hookUrl, hookAddresses, gitlabAddresses }: AddressFacts): readonly Diagnosis[] => {
  if (URL.parse(hookUrl)?.protocol !== "http:") return [];
  if (narrowest(hookAddresses) === "loopback" && narrowest(gitlabAddresses) === "loopback") return [];
  return [
    warn(
      "webhook-https",
      `${showAddress(hookUrl)} is http: secrets and code travel readable for all in between`,
      "Put a proxy with a certificate in front of the server and give the hooks its https address",
    ),
  ];
};

const judgeAnswer = ({ hookUrl, answer }: AddressFacts): Diagnosis => {
  const check = "webhook-answer";
  const where = showAddress(hookUrl);
  if (answer.kind === "error")
    return warn(
      check,
      `${where} does not answer from here (${answer.message})`,
      "See that reviewflow serve runs; if it does, that the proxy in front of it is up. GitLab may still reach what this machine does not",
    );
  const { status, location } = answer;
  if (status >= 300 && status < 400)
    return fail(
      check,
      `${where} redirects${location === null ? "" : ` to ${showAddress(location)}`}: GitLab takes that for a success, and every event is lost`,
      "Give the hooks the address that it leads to: reviewflow hook install --url …",
    );
  // The server answers this to whoever only reads.
  if (status === 405) return ok(check, `${where} is answered by Reviewflow`);
  if (status >= 500)
    return fail(
      check,
      `${where} is answered with ${status}`,
      "See that reviewflow serve runs and that the proxy in front of it leads there",
    );
  if (status === 401 || status === 403)
    return fail(
      check,
      `${where} is answered with ${status} before it comes to Reviewflow`,
      "Let GitLab pass the proxy's sign-in at the path of the webhook",
    );
  return fail(
    check,
    `${where} is answered with ${status} by something that is not Reviewflow`,
    "Let the hooks call the server's address with /webhooks/gitlab behind it, and the proxy pass that path on",
  );
};
