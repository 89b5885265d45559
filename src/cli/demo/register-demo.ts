import type { Command } from "commander";
import type { DemoOptions } from "../demo.ts";
import { parsePort } from "../parse-port.ts";

/** Adds the command that shows a review with stand-ins for everything outside. */
export const registerDemo = (program: Command): void => {
  program
    .command("demo")
    .description(
      "show a review from webhook to note, with stand-ins for everything outside: a page at a terminal, else a story",
    )
    .option("--dify", "run the tutorial's flow on a Dify stand-in instead of in this process")
    .option("--page", "show the page, also without a terminal")
    .option("--story", "print the story and end, also at a terminal")
    .option("--port <port>", "the port of the page; a free one when left out", parsePort)
    .option("--no-open", "open no browser")
    .action(async (options: DemoOptions) => {
      const { demo } = await import("../demo.ts");
      await demo(options);
    });
};
