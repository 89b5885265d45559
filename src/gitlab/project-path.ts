import type * as Rest from "./rest-schema.ts";

/** The path of a merge request's project: from the full reference `group/project!1`, else from the address. */
export const readProjectPath = (
  { references, web_url: webUrl }: Pick<Rest.MergeRequest, "references" | "web_url">,
  baseUrl: string,
): string => {
  const full = references?.full.split("!")[0] ?? "";
  if (full !== "") return full;
  const base = `${new URL(baseUrl).pathname.replace(/\/$/, "")}/`;
  const path = URL.parse(webUrl)?.pathname ?? "";
  const inside = path.startsWith(base) ? path.slice(base.length) : path.replace(/^\//, "");
  return inside.split("/-/")[0] ?? "";
};
