import { type FailureDetails, listOf, ReviewflowError } from "../base/errors.ts";
import type { Message } from "../messages/message.ts";

/**
 * A command cannot do what it was called for; `problems` lists every reason that was found. The code is that of
 * the first one's message unless another is given.
 */
export class CommandError extends ReviewflowError {
  readonly problems: readonly Message[];

  constructor(problems: Message | readonly Message[], details: Partial<FailureDetails> = {}) {
    const all = "code" in problems ? [problems] : problems;
    const [first] = all;
    const what = first !== undefined && all.length === 1 ? first : listOf("cli.problems", all);
    super(what, { code: first?.code ?? "usage-invalid", ...details });
    this.problems = all;
  }
}
