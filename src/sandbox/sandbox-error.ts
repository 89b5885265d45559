import { ReviewflowError } from "../base/errors.ts";

/** The sandbox itself is broken; what the author's code does wrong is a value, never this. */
export class SandboxError extends ReviewflowError {}
