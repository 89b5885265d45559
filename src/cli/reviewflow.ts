import { Command, Option } from "commander";
import { describeError, ReviewflowError } from "../base/errors.ts";
import { registerDemo } from "./demo/register-demo.ts";
import { registerForget } from "./register-forget.ts";
import { registerReview } from "./review/register-review.ts";
import { registerEval } from "./register-eval.ts";
import { registerLessons } from "./register-lessons.ts";
import { registerShadow } from "./register-shadow.ts";
import { registerSetup } from "./register-setup.ts";
import { registerUpkeep } from "./register-upkeep.ts";
import { registerWhy } from "./register-why.ts";

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
  .addOption(
    new Option("--role <role>", "what this server does, over the configured role").choices([
      "web",
      "worker",
      "both",
    ]),
  )
  .action(async (options: { config?: string; role?: "web" | "worker" | "both" }) => {
    const { serve } = await import("./serve.ts");
    await serve(options);
  });

registerDemo(program);
registerSetup(program);
registerReview(program);
registerUpkeep(program);
registerEval(program);
registerWhy(program);
registerShadow(program);
registerForget(program);
registerLessons(program);

program
  .command("rules")
  .description("say which rules hold for files of a project, and from where")
  .argument("<project>", "its path or id")
  .argument("<path...>", "files, as in the repository")
  .option("-c, --config <file>", "the configuration file; the environment alone is enough without one")
  .option("-b, --branch <branch>", "the target branch; the project's default branch when left out")
  .action(
    async (project: string, paths: readonly string[], options: { config?: string; branch?: string }) => {
      const { showRules } = await import("./rules.ts");
      process.exitCode = await showRules(project, paths, options);
    },
  );

const flow = program.command("flow").description("look at workflow files, with no server at hand");

flow
  .command("check")
  .description("say what workflow files take, give and need, or what keeps them from running")
  .argument("<file...>", "workflow files that Dify exported, or ours")
  .option("--json", "one JSON array instead of text")
  .action(async (files: readonly string[], options: { json?: boolean }) => {
    const { flowCheck } = await import("./flow-check.ts");
    process.exitCode = await flowCheck(files, options);
  });

flow
  .command("draw")
  .description("print a workflow file's graph")
  .argument("<file>", "the workflow file")
  .addOption(
    new Option("-f, --format <format>", "what to print; svg takes the positions of the file").choices([
      "mermaid",
      "svg",
    ]),
  )
  .option("-o, --output <file>", "write it to a file, whose ending .svg chooses the format")
  .action(async (file: string, options: { format?: "mermaid" | "svg"; output?: string }) => {
    const { flowDraw } = await import("./flow-draw.ts");
    process.exitCode = await flowDraw(file, options);
  });

try {
  await program.parseAsync();
} catch (error) {
  fail(error);
}
