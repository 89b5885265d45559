import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { unknownImports } from "../../../../src/flow/nodes/code/unknown-imports.ts";

describe("imports of code nodes", () => {
  it("are named where Python does not have them", () => {
    const code = [
      "import json, numpy as np, os.path",
      "from collections.abc import Mapping",
      "from requests import get",
      "def main(a):",
      "    import jieba.analyse  # inside",
      "    from pandas.io import json as j",
      "    import numpy",
      "    text = 'they import goods from abroad'",
      "    return {}",
    ].join("\n");
    assert.deepEqual(unknownImports("python3", code), ["numpy", "jieba", "pandas"]);
  });

  it("are named where Node does not have them", () => {
    const code = `const a = require("axios"); const c = require('node:crypto'); import x from "lodash/map"; require("fs/promises")`;
    assert.deepEqual(unknownImports("javascript", code), ["axios", "lodash/map"]);
  });
});
