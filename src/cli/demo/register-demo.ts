import type { Command } from "commander";
import type { DemoOptions } from "../demo.ts";
import { text } from "../catalogue-command.ts";
import { parsePort } from "../parse-port.ts";

/** Adds the command that shows a review with stand-ins for everything outside. */
export const registerDemo = (program: Command): void => {
  program
    .command("demo")
    .description(text("cli.help.demo"))
    .option("--dify", text("cli.option.demo.dify"))
    .option("--page", text("cli.option.demo.page"))
    .option("--story", text("cli.option.demo.story"))
    .option("--port <port>", text("cli.option.demo.port"), parsePort)
    .option("--no-open", text("cli.option.demo.no-open"))
    .action(async (options: DemoOptions) => {
      const { demo } = await import("../demo.ts");
      await demo(options);
    });
};
