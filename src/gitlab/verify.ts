import { Secret } from "../base/secret.ts";
import {
  type Headers,
  type Refusal,
  type Verification,
  type VerifyOptions,
  refuse,
  vouch,
} from "./verification.ts";
import { verifySignature } from "./verify-signature.ts";

/** What GitLab's tokens are made of; anything else could not be sent back to GitLab in a header. */
const PASSABLE_TOKEN = /^[\x21-\x7e]{8,512}$/;

/**
 * Verifies a delivery on its raw bytes, before anything is parsed. A `webhook-signature` that is present
 * must pass: there is no falling back to the token. Without one the `X-Gitlab-Token` decides; it is
 * compared with every configured secret in constant time. Whatever is not proved is refused. `nowMs` is
 * the present in milliseconds since the epoch.
 *
 * @see https://docs.gitlab.com/user/project/integrations/webhooks/
 */
export const verifyDelivery = (
  headers: Headers,
  body: Uint8Array,
  nowMs: number,
  options: VerifyOptions,
): Verification => {
  if (headers["webhook-signature"] !== undefined) return verifySignature(headers, body, nowMs, options);
  const token = headers["x-gitlab-token"] ?? "";
  if (token === "") return refuseMissing(options);
  const matching = options.secrets.filter(({ secret }) =>
    // Node reads header bytes as Latin-1; a secret with other characters was sent as UTF-8.
    [secret.equals(token), secret.equals(Buffer.from(token, "latin1").toString("utf8"))].includes(true),
  );
  const verified = vouch("token", matching);
  if (verified !== undefined) return verified;
  return options.tokenPassThrough ? passThrough(token) : refuseToken(options);
};

const passThrough = (token: string): Verification =>
  PASSABLE_TOKEN.test(token)
    ? { kind: "pass-through", token: new Secret(token) }
    : refuse(
        "token-malformed",
        "The X-Gitlab-Token cannot be an access token of GitLab: put a project access token into the hook's secret token, or turn webhook.token_pass_through off and set webhook.secrets (WEBHOOK_SECRET)",
      );

const refuseMissing = ({ secrets, signingTokens, tokenPassThrough }: VerifyOptions): Refusal => {
  const wanted = [
    ...(signingTokens.length > 0
      ? ["a signing token from webhook.signing_tokens (WEBHOOK_SIGNING_TOKEN)"]
      : []),
    ...(secrets.length > 0 ? ["a secret token from webhook.secrets (WEBHOOK_SECRET)"] : []),
    ...(tokenPassThrough ? ["a project access token as its secret token"] : []),
  ];
  return refuse(
    "authentication-missing",
    wanted.length === 0
      ? "Nothing is configured to verify deliveries with: set webhook.secrets (WEBHOOK_SECRET) and give the hook the same secret token"
      : `The delivery has neither an X-Gitlab-Token nor a webhook-signature: give the hook ${wanted.join(" or ")}`,
  );
};

const refuseToken = ({ secrets, signingTokens }: VerifyOptions): Refusal => {
  if (secrets.length > 0)
    return refuse(
      "token-wrong",
      "The X-Gitlab-Token is none of the configured secrets: compare webhook.secrets (WEBHOOK_SECRET) with the secret token of the hook",
    );
  return refuse(
    "token-wrong",
    signingTokens.length > 0
      ? "The delivery has an X-Gitlab-Token, but only signing tokens are configured: give the hook a signing token, or set webhook.secrets (WEBHOOK_SECRET)"
      : "The delivery has an X-Gitlab-Token, but no secret is configured: set webhook.secrets (WEBHOOK_SECRET)",
  );
};
