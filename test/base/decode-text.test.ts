import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeText } from "../../src/base/decode-text.ts";

const bytes = (hex: string): Buffer => Buffer.from(hex, "hex");

describe("texts of bytes", () => {
  it("are read in the charset that is stated, and an unknown one counts as none", () => {
    assert.equal(decodeText(bytes("4772fcdf65"), "iso-8859-1"), "Grüße");
    assert.equal(decodeText(Buffer.from("Grüße"), "nope"), "Grüße");
    assert.equal(decodeText(bytes("61ff62"), "UTF-8"), "a\ufffdb");
    assert.equal(decodeText(bytes("efbbbf61"), "utf-8"), "\ufeffa");
  });

  const charsets: readonly (readonly [name: string, text: string, hex: string])[] = [
    ["GBK", "# 配置文件\nname = 测试\n", "2320c5e4d6c3cec4bcfe0a6e616d65203d20b2e2cad40a"],
    ["GBK, two characters", "你好", "c4e3bac3"],
    ["Shift_JIS", "こんにちは世界", "82b182f182c982bf82cd90a28a45"],
    ["EUC-JP", "こんにちは世界", "a4b3a4f3a4cba4c1a4cfc0a4b3a6"],
    ["EUC-KR", "안녕하세요 세계", "bec8b3e7c7cfbcbcbfe420bcbcb0e8"],
    ["Big5", "資料庫連線失敗", "b8eaaec6ae77b373bd75a5a2b1d1"],
    ["Windows-1252", "n,v\nGrüße,1\nfaçade,2\n", "6e2c760a4772fcdf652c310a6661e76164652c320a"],
    ["UTF-16 with its mark", "hi 世", "fffe68006900200016 4e".replace(" ", "")],
    ["UTF-16LE", "名,1\na,2\n", "0d542c0031000a0061002c0032000a00"],
    ["UTF-16BE", "hello", "00680065006c006c006f"],
    ["UTF-16LE, East Asian alone", "你好世界", "604f7d59164e4c75"],
    ["UTF-16BE, East Asian alone", "你好世界", "4f60597d4e16754c"],
    [
      "UTF-16LE, a line feed in many characters",
      "二三四五六七八九十名前\n你好",
      "8c4e094edb56944e6d51034e6b515d4e41530d544d520a00604f7d59",
    ],
    ["UTF-16LE with Latin letters", "Grüße", "47007200fc00df006500"],
  ];
  for (const [name, text, hex] of charsets) {
    it(`are recognised without a charset: ${name}`, () => {
      assert.equal(decodeText(bytes(hex)), text);
    });
  }

  it("are no UTF-16 for a zero byte among bytes that are no text", () => {
    assert.equal(decodeText(bytes("000102ff")), "\u0000\u0001\u0002\ufffd");
    assert.equal(decodeText(bytes("00fffe0a")), "\u0000\ufffd\ufffd\n");
  });

  it("have U+FFFD where UTF-8 is damaged", () => {
    assert.equal(decodeText(bytes("61ff62")), "a\ufffdb");
    assert.equal(
      decodeText(Buffer.concat([Buffer.from("世界の果て"), bytes("ffe4bd")])),
      "世界の果て\ufffd\ufffd",
    );
    assert.equal(decodeText(Buffer.from([...Array(20).keys()])), String.fromCharCode(...Array(20).keys()));
  });
});
