import { message } from "../messages/message.ts";
import { ConfigError, problemAt } from "../base/errors.ts";
import { withoutApiPath } from "../base/gitlab-address.ts";

/**
 * GitLab's address without slashes at its end and without `/api/v4`; a path in front of GitLab stays.
 * Throws ConfigError when it is no http or https address, or holds a name, a password or a query.
 */
export const parseBaseUrl = (text: string): string => {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new ConfigError([
      problemAt("GITLAB_URL", message("config.not-an-address", { example: "https://gitlab.example.com" })),
    ]);
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    throw new ConfigError([problemAt("GITLAB_URL", message("config.address-with-more", { query: "false" }))]);
  return withoutApiPath(url.href);
};
