import { explainError, ReviewflowError } from "../base/errors.ts";
import { useProxies } from "../base/dispatcher.ts";
import { createProgram } from "./create-program.ts";
import { terminalTexts } from "./terminal.ts";

/** Ends the program with a message. The last of the three places where failures end. */
const fail = (error: unknown): never => {
  console.error(explainError(terminalTexts(), error));
  if (!(error instanceof ReviewflowError) && error instanceof Error) console.error(error.stack);
  process.exit(1);
};

useProxies();
try {
  await createProgram().parseAsync();
} catch (error) {
  fail(error);
}
