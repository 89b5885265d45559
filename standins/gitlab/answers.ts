/** What a route answers. */
export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly type: string; readonly bytes: Buffer } | null;
};

/** A refusal in GitLab's form; thrown by routes, answered by the server. */
export class ApiError extends Error {
  readonly answer: Answer;
  constructor(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) {
    super(`GitLab stand-in refuses with ${status}: ${JSON.stringify(body)}`);
    this.name = "ApiError";
    this.answer = json(body, status, headers);
  }
}

/** A JSON answer. */
export const json = (
  value: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Answer => ({
  status,
  headers,
  body: { type: "application/json", bytes: Buffer.from(JSON.stringify(value)) },
});

/** Raw bytes, such as a file of the repository. */
export const raw = (bytes: Buffer, type: string, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status: 200,
  headers,
  body: { type, bytes },
});

/** 204 without a body. */
export const noContent = (): Answer => ({ status: 204, headers: {}, body: null });

/** `404 <thing> Not Found`. */
export const notFound = (thing: string): ApiError => new ApiError(404, { message: `404 ${thing} Not Found` });

/** `404 Not found`, of a record that a finder does not find. */
export const recordNotFound = (): ApiError => new ApiError(404, { message: "404 Not found" });

/** `400 Bad request - <reason>`. */
export const badRequest = (reason: string): ApiError =>
  new ApiError(400, { message: `400 Bad request - ${reason}` });

/** A parameter that the API's own validation refuses. */
export const invalidParameter = (error: string): ApiError => new ApiError(400, { error });

/** 403 of a known user who may not. */
export const forbidden = (): ApiError => new ApiError(403, { message: "403 Forbidden" });

/** 401 of nobody. */
export const unauthorized = (): ApiError => new ApiError(401, { message: "401 Unauthorized" });
