import { Command } from "commander";
import { describeError, ReviewflowError } from "../base/errors.ts";
import { serve } from "./serve.ts";

/** Ends the program with a message. The last of the three places where failures end. */
const fail = (error: unknown): never => {
  console.error(describeError(error));
  if (!(error instanceof ReviewflowError) && error instanceof Error) console.error(error.stack);
  process.exit(1);
};

const program = new Command("reviewflow").description(
  "Reviews merge requests of your GitLab with a Dify workflow file that you can edit",
);

program
  .command("serve")
  .description("take GitLab's webhooks and review")
  .option("-c, --config <file>", "the configuration file; the environment alone is enough without one")
  .action((options: { config?: string }) => serve(options.config ?? null));

program
  .command("demo")
  .description("show a review from webhook to note, with stand-ins for everything outside")
  .action(async () => {
    const { demo } = await import("./demo.ts");
    await demo();
  });

try {
  await program.parseAsync();
} catch (error) {
  fail(error);
}
