import { message } from "../../messages/message.ts";
import { ConfigError, problemAt } from "../../base/errors.ts";
import { WEBHOOK_PATHS } from "../../base/webhook-paths.ts";

/**
 * The address that hooks are to call, from the address of our server as GitLab reaches it: a webhook path
 * is put behind it unless it ends in one. Throws ConfigError when it is no plain http or https address.
 */
export const hookAddress = (server: string): string => {
  const url = URL.parse(server);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new ConfigError([
      problemAt("--url", message("config.not-an-address", { example: "https://reviewflow.example.com" })),
    ]);
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    throw new ConfigError([problemAt("--url", message("config.address-with-more", { query: "false" }))]);
  const bare = url.href.replace(/\/+$/, "");
  return WEBHOOK_PATHS.some((path) => bare.endsWith(path)) ? bare : bare + WEBHOOK_PATHS[0];
};

/** Whether two addresses mean the same place: letter case of the host, default ports and slashes at the end aside. */
export const isSameAddress = (left: string, right: string): boolean => normalize(left) === normalize(right);

const normalize = (text: string): string => (URL.parse(text)?.href ?? text).replace(/\/+$/, "");

/** Whether a hook calls a path that only a server like ours has. */
export const looksLikeOurs = (hookUrl: string): boolean =>
  WEBHOOK_PATHS.some((path) => normalize(hookUrl).endsWith(path));

/** A hook's address as it may be shown: without a name, a password or a query, where secrets may stand. */
export const showAddress = (hookUrl: string): string => {
  const url = URL.parse(hookUrl);
  return url === null ? "?" : `${url.origin}${url.pathname}`;
};
