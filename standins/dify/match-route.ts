import { Refusal } from "./refusal.ts";

/** What a request asks for. */
export type Route =
  | { readonly endpoint: "run"; readonly workflowId: string | null }
  | { readonly endpoint: "detail"; readonly workflowRunId: string }
  | { readonly endpoint: "events"; readonly workflowRunId: string; readonly query: URLSearchParams }
  | { readonly endpoint: "stop"; readonly taskId: string }
  | { readonly endpoint: "logs"; readonly query: URLSearchParams }
  | { readonly endpoint: "parameters" | "info" };

/** The route of a path; throws the Refusal of an unknown path or of a wrong method. */
export const matchRoute = (method: string, path: string, query: URLSearchParams): Route => {
  const [head, first, second, third, ...rest] = path.split("/").slice(1).map(decodeURIComponent);
  const known = head === "v1" && rest.length === 0 ? routeOf(path, first, second, third, query) : undefined;
  const nested = head === "v1" && rest.length === 1 ? nestedRoute(first, second, third, rest[0]) : undefined;
  const found = known ?? nested;
  if (found === undefined)
    throw new Refusal(404, "not_found", "The requested URL was not found on the server.");
  if (found.method !== method) {
    throw new Refusal(405, "method_not_allowed", "The method is not allowed for the requested URL.");
  }
  return found.route;
};

type Found = { readonly method: "GET" | "POST"; readonly route: Route };

const routeOf = (
  path: string,
  first: string | undefined,
  second: string | undefined,
  third: string | undefined,
  query: URLSearchParams,
): Found | undefined => {
  switch (path) {
    case "/v1/workflows/run":
      return { method: "POST", route: { endpoint: "run", workflowId: null } };
    case "/v1/workflows/logs":
      return { method: "GET", route: { endpoint: "logs", query } };
    case "/v1/parameters":
      return { method: "GET", route: { endpoint: "parameters" } };
    case "/v1/info":
      return { method: "GET", route: { endpoint: "info" } };
    default:
  }
  if (second === undefined || third === undefined) return undefined;
  if (first === "workflows" && second === "run") {
    return { method: "GET", route: { endpoint: "detail", workflowRunId: third } };
  }
  if (first === "workflows" && third === "run") {
    return { method: "POST", route: { endpoint: "run", workflowId: second } };
  }
  return first === "workflow" && third === "events"
    ? { method: "GET", route: { endpoint: "events", workflowRunId: second, query } }
    : undefined;
};

const nestedRoute = (
  first: string | undefined,
  second: string | undefined,
  third: string | undefined,
  fourth: string | undefined,
): Found | undefined =>
  first === "workflows" && second === "tasks" && third !== undefined && fourth === "stop"
    ? { method: "POST", route: { endpoint: "stop", taskId: third } }
    : undefined;
