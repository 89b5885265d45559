/** A known token format. What group 1 holds is kept, the rest of a match is replaced. */
export type SecretFormat = { readonly kind: string; readonly pattern: RegExp };

// A token does not start in the middle of a word; the letter of an escape (`\n`) in a string is no word.
const EDGE = String.raw`(?<=^|[^A-Za-z0-9]|\\[nrt])`;
const STRICT_EDGE = String.raw`(?<=^|[^\w-]|\\[nrt])`;
const whole = (body: string): RegExp => new RegExp(`${EDGE}()(?:${body})`, "g");
// For shorter prefixes, which also end words that are joined by hyphens (`task-…`).
const apart = (body: string): RegExp => new RegExp(`${STRICT_EDGE}()(?:${body})`, "g");

/** What follows a key is no part of it, and gives it no value: `key=value` is code. */
const NOT_GIVEN = "(?![A-Za-z0-9+/=])";

/**
 * Formats that are told by a prefix, as their makers document them. Every pattern starts at a literal or
 * at the edge of a word and has no two neighbouring repetitions that can share characters, so that
 * searching a text takes time in proportion to it, whatever the text is. None matches a line feed.
 */
export const SECRET_FORMATS: readonly SecretFormat[] = [
  // GitLab: docs.gitlab.com/security/tokens, "Token prefixes"; routable tokens and job tokens have dots.
  {
    kind: "gitlab-token",
    pattern: whole(
      String.raw`(?:glpat|gldt|glrtr?|glcbt|glptt|glft|glimt|glagent|gloas|glsoat|glffct|glwt)-[\w-]{20,}(?:\.[0-9a-z]{2}\.[0-9a-z]{7,12}|\.eyJ[\w-]+\.[\w-]+)?`,
    ),
  },
  { kind: "gitlab-token", pattern: whole(String.raw`GR1348941[\w-]{20,}`) },
  { kind: "github-token", pattern: whole(String.raw`gh[opusr]_[A-Za-z0-9]{36,}`) },
  { kind: "github-token", pattern: whole(String.raw`github_pat_\w{22,}`) },
  { kind: "anthropic-key", pattern: whole(String.raw`sk-ant-[\w-]{20,}`) },
  { kind: "openrouter-key", pattern: whole(String.raw`sk-or-v\d-[0-9a-f]{32,}`) },
  { kind: "openai-key", pattern: whole(String.raw`sk-(?:proj|svcacct|admin)-[\w-]{20,}`) },
  // OpenAI's older keys; DeepSeek and others use the same form.
  { kind: "api-key", pattern: apart(String.raw`sk-[A-Za-z0-9]{32,}(?![\w-])`) },
  { kind: "groq-key", pattern: whole(String.raw`gsk_[A-Za-z0-9]{40,}`) },
  { kind: "xai-key", pattern: whole(String.raw`xai-[A-Za-z0-9]{60,}`) },
  { kind: "huggingface-token", pattern: whole(String.raw`hf_[A-Za-z]{34}(?![A-Za-z0-9])`) },
  { kind: "google-key", pattern: whole(String.raw`AIza[\w-]{35}`) },
  { kind: "google-secret", pattern: whole(String.raw`GOCSPX-[\w-]{24,}`) },
  { kind: "google-token", pattern: whole(String.raw`ya29\.[\w-]{20,}`) },
  { kind: "aws-key-id", pattern: whole(String.raw`(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Za-z0-9])`) },
  {
    kind: "aws-secret-key",
    pattern:
      /(secret_?(?:access)?_?key["'`\\]{0,3}[ \t]{0,8}(?:=>|[:=>])[ \t]{0,8}["'`\\]{0,3})[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])/gi,
  },
  { kind: "slack-token", pattern: whole(String.raw`xox[a-z]-[A-Za-z0-9-]{10,}`) },
  { kind: "slack-token", pattern: whole(String.raw`xapp-\d-[A-Za-z0-9-]{10,}`) },
  {
    kind: "slack-webhook",
    pattern: /(https:\/\/hooks\.slack\.com\/(?:services|workflows|triggers)\/)[A-Za-z0-9/+_-]{20,}/g,
  },
  { kind: "stripe-key", pattern: whole(String.raw`[sr]k_(?:live|test)_[A-Za-z0-9]{16,}`) },
  { kind: "stripe-secret", pattern: whole(String.raw`whsec_[A-Za-z0-9+/]{32,}={0,2}${NOT_GIVEN}`) },
  { kind: "npm-token", pattern: whole(String.raw`npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])`) },
  { kind: "pypi-token", pattern: whole(String.raw`pypi-AgE[\w-]{50,}`) },
  { kind: "docker-token", pattern: whole(String.raw`dckr_pat_[\w-]{20,}`) },
  { kind: "digitalocean-token", pattern: whole(String.raw`do[opr]_v1_[0-9a-f]{64}`) },
  // The name of a property has no figures and capitals among its letters as these have.
  {
    kind: "vault-token",
    pattern: whole(String.raw`hv[sbr]\.(?=[\w-]{0,200}[0-9])(?=[\w-]{0,200}[A-Z])[\w-]{24,}`),
  },
  { kind: "shopify-token", pattern: whole(String.raw`shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}`) },
  { kind: "atlassian-token", pattern: whole(String.raw`ATATT3[\w-]{100,}(?:=[0-9A-F]{8})?${NOT_GIVEN}`) },
  { kind: "linear-key", pattern: whole(String.raw`lin_api_[A-Za-z0-9]{40}(?![A-Za-z0-9])`) },
  { kind: "notion-token", pattern: whole(String.raw`ntn_[A-Za-z0-9]{40,}`) },
  { kind: "supabase-token", pattern: whole(String.raw`sb[pv]_[0-9a-f]{40}(?![0-9a-f])`) },
  { kind: "age-key", pattern: whole(String.raw`AGE-SECRET-KEY-1[A-Z0-9]{58}(?![A-Z0-9])`) },
  {
    kind: "discord-webhook",
    pattern: /(https:\/\/(?:\w+\.)?discord(?:app)?\.com\/api\/webhooks\/\d{17,20}\/)[\w-]{60,}/g,
  },
  { kind: "grafana-token", pattern: whole(String.raw`glsa_[A-Za-z0-9]{32}_[0-9a-fA-F]{8}`) },
  { kind: "sendgrid-key", pattern: whole(String.raw`SG\.[\w-]{16,32}\.[\w-]{32,64}`) },
  { kind: "telegram-token", pattern: whole(String.raw`\d{8,10}:AA[\w-]{33}(?![\w-])`) },
  // Dify: `app-` and `dataset-` with 24 letters and digits of both cases; a hash has only small letters.
  {
    kind: "dify-key",
    pattern: apart(String.raw`(?:app|dataset)-(?=[a-z0-9]{0,23}[A-Z])[A-Za-z0-9]{24}(?![\w-])`),
  },
  { kind: "azure-key", pattern: /(AccountKey=)[A-Za-z0-9+/]{60,}={0,2}(?![A-Za-z0-9+/=])/gi },
  { kind: "azure-key", pattern: /(SharedAccessKey=)[A-Za-z0-9+/]{40,}={0,2}(?![A-Za-z0-9+/=])/gi },
  {
    kind: "json-web-token",
    pattern: apart(String.raw`eyJ[\w-]{10,}\.eyJ[\w-]{10,}(?:\.[\w-]+)?`),
  },
  // The password of a URL's user; not one that stands for a value (`$VAR`, `${x}`, `{x}`, `<x>`, `%s`), nor what
  // shells and languages take for code: a password with such signs is written in percents.
  {
    kind: "password",
    pattern:
      /((?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{0,30}:\/\/[^\s:@/"'`<>]{0,128}:)(?![$<{%*[])[^\s/"'`<>;|&(){}\\]{1,256}(?=@)/g,
  },
];

/**
 * What error texts are searched for: those formats, and what in a sentence about a failed call is a secret
 * though it would be ordinary in code: a key that is too short or partly starred, the value of an
 * authorization header, a key in the query of an address, the name of a URL's user.
 */
export const FAILURE_FORMATS: readonly SecretFormat[] = [
  ...SECRET_FORMATS,
  { kind: "api-key", pattern: apart(String.raw`sk-[\w-]{4,}[\w*.-]*`) },
  { kind: "gitlab-token", pattern: whole(String.raw`gl(?:pat|rt|ptt|dt|ft|agent|oas)-[\w-]{4,}`) },
  { kind: "api-key", pattern: /()[^\s"'`<>(),;:=[\]*]{0,64}\*{3,}[^\s"'`<>(),;[\]]*/g },
  {
    kind: "authorization",
    pattern:
      /(\b(?:authorization["']?[ \t]{0,3}[:=][ \t]{0,3}["']?)?(?:Bearer|Basic)[ \t]{1,3})(?!\[masked)[\w.~+/=-]{6,}/gi,
  },
  {
    kind: "api-key",
    pattern:
      /([?&](?:api[_-]?key|key|access[_-]?token|private[_-]?token|auth[_-]?token|token|sig|signature|secret)=)(?!\[masked)[^\s&"'`<>#[\]]+/gi,
  },
  {
    kind: "api-key",
    pattern:
      /(\b(?:x-)?(?:api|private|access|secret)[_-](?:key|token)["']?[ \t]{0,3}[:=][ \t]{0,3}["']?)(?!\[masked)[^\s"'`,;&()[\]{}<>]{6,}/gi,
  },
  { kind: "password", pattern: /(\b[a-z][a-z0-9+.-]{1,30}:\/\/)[^\s/@"'`<>]{1,256}(?=@)/gi },
];
