import { testBlocks } from "./blocks/test-blocks.ts";

testBlocks((document) => !document.startsWith("docs/"));
