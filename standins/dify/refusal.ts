/** An answer that is an error of Dify's: `{code, message, status}`. */
export class Refusal extends Error {
  readonly code: string;
  readonly status: number;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** What Dify says to an input that does not fit. */
export const invalidParam = (message: string): Refusal => new Refusal(400, "invalid_param", message);
