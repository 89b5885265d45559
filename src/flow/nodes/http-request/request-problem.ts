/** A request that cannot be built from the node's data and the values of the run, with Dify's name for it. */
export class RequestProblem extends Error {
  readonly errorType: string;

  constructor(errorType: string, message: string) {
    super(message);
    this.errorType = errorType;
  }
}
