import { message } from "../messages/message.ts";
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

/** Diagnoses whether GitLab can call an address: where it leads, how it is protected, and what answers there. */
export const diagnoseAddress = (facts: AddressFacts): readonly Diagnosis[] => [
  diagnoseReach(facts),
  ...diagnoseProtection(facts),
  diagnoseAnswer(facts),
];

const diagnoseReach = ({ hookUrl, hookAddresses, gitlabAddresses }: AddressFacts): Diagnosis => {
  const check = "webhook-reach";
  const url = showAddress(hookUrl);
  const ours = narrowest(hookAddresses);
  const theirs = narrowest(gitlabAddresses);
  if (hookAddresses === null)
    return warn(check, message("doctor.reach.unresolved", { url }), message("doctor.reach.unresolved.fix"));
  if (ours === "loopback" && theirs !== "loopback")
    return fail(check, message("doctor.reach.loopback", { url }), message("doctor.reach.loopback.fix"));
  if (ours === "private" && theirs === "public")
    return warn(check, message("doctor.reach.private", { url }), message("doctor.reach.private.fix"));
  return ok(check, message("doctor.reach.ok", { url }));
};

const diagnoseProtection = ({
  hookUrl,
  hookAddresses,
  gitlabAddresses,
}: AddressFacts): readonly Diagnosis[] => {
  if (URL.parse(hookUrl)?.protocol !== "http:") return [];
  if (narrowest(hookAddresses) === "loopback" && narrowest(gitlabAddresses) === "loopback") return [];
  const what = message("doctor.https", { url: showAddress(hookUrl) });
  return [warn("webhook-https", what, message("doctor.https.fix"))];
};

const diagnoseAnswer = ({ hookUrl, answer }: AddressFacts): Diagnosis => {
  const check = "webhook-answer";
  const url = showAddress(hookUrl);
  if (answer.kind === "error")
    return warn(
      check,
      message("doctor.answer.error", { url, message: answer.message }),
      message("doctor.answer.error.fix"),
    );
  const { status, location } = answer;
  if (status >= 300 && status < 400)
    return fail(
      check,
      message("doctor.answer.redirect", {
        url,
        location: location === null ? "none" : showAddress(location),
      }),
      message("doctor.answer.redirect.fix"),
    );
  // The server answers this to whoever only reads.
  if (status === 405) return ok(check, message("doctor.answer.ok", { url }));
  const kind = status >= 500 ? "failing" : status === 401 || status === 403 ? "sign-in" : "other";
  return fail(check, message(`doctor.answer.${kind}`, { url, status }), message(`doctor.answer.${kind}.fix`));
};
