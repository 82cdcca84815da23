import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { legalIdFault, leiFault, normaliseUscc, usccCheckCharacter, usccFault } from "../../src/types/legal-id.ts";

const USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY";
const VALID_USCC = ["9144030071526726XG", "91330100799655058B", "914403001922038216", "91330000142942095H", "913205830880018839"];
const VALID_LEI = ["HWUPKR0MPOU8FGXBT394", "784F5XWPLTWKTBV3E584", "7LTWFZYICNSX8D621K86", "5493001KJTIIGC8Y1R12"];
const LEI_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

const replaced = (text: string, at: number, character: string) => text.slice(0, at) + character + text.slice(at + 1);
const swapped = (text: string, one: number, other: number) =>
  replaced(replaced(text, one, text.charAt(other)), other, text.charAt(one));

describe("USCC (GB 32100-2015)", () => {
  it("accepts the reference examples and refuses the wrong one", () => {
    for (const uscc of VALID_USCC) expect(usccFault(uscc), uscc).toBeNull();
    expect(usccFault("91110000100000001X")).toBe("CHECK_DIGIT");
    expect(usccCheckCharacter("91110000100000001")).toBe("W");
  });

  it("detects every single-character error", () => {
    for (const uscc of VALID_USCC) {
      for (let at = 0; at < 18; at++) {
        for (const character of `${USCC_ALPHABET}IOSVZ`) {
          if (character !== uscc.charAt(at))
            expect(usccFault(replaced(uscc, at, character)), `${uscc} ${at} ${character}`).not.toBeNull();
        }
      }
    }
  });

  it("detects every transposition but the one of the first and the check character", () => {
    for (const uscc of VALID_USCC) {
      for (let one = 0; one < 18; one++) {
        for (let other = one + 1; other < 18; other++) {
          if (uscc.charAt(one) === uscc.charAt(other) || (one === 0 && other === 17)) continue;
          expect(usccFault(swapped(uscc, one, other)), `${uscc} ${one} ${other}`).not.toBeNull();
        }
      }
    }
  });

  it("accepts whatever its own check character completes", () => {
    const character = fc.constantFrom(...USCC_ALPHABET);
    const digits = fc.stringMatching(/^[0-9]{6}$/);
    fc.assert(
      fc.property(
        fc.tuple(character, character, digits, fc.array(character, { minLength: 9, maxLength: 9 })),
        ([a, b, division, tail]) => {
          const first = a + b + division + tail.join("");
          expect(usccFault(first + usccCheckCharacter(first))).toBeNull();
        },
      ),
    );
  });

  it("is normalised from full-width and lower-case input", () => {
    expect(normaliseUscc(" ９１４４０３００７１５２６７２６ｘｇ ")).toBe("9144030071526726XG");
  });

  it("says what is wrong", () => {
    expect(usccFault("9144030071526726X")).toBe("LENGTH");
    expect(usccFault("9144030071526726xg")).toBe("CHARACTER");
    expect(usccFault("91A403007152672600")).toBe("CHARACTER");
  });
});

describe("LEI (ISO 17442)", () => {
  it("accepts the reference examples", () => {
    for (const lei of VALID_LEI) expect(leiFault(lei), lei).toBeNull();
  });

  it("detects every single-character error that puts a digit for a digit or a letter for a letter", () => {
    for (const lei of VALID_LEI) {
      for (let at = 0; at < 20; at++) {
        const isDigit = /[0-9]/.test(lei.charAt(at));
        for (const character of LEI_ALPHABET) {
          if (character === lei.charAt(at) || /[0-9]/.test(character) !== isDigit) continue;
          expect(leiFault(replaced(lei, at, character)), `${lei} ${at} ${character}`).not.toBeNull();
        }
      }
    }
  });

  it("cannot detect a few that put a digit for a letter: the letter's two digits shift all before it (a limit of MOD 97-10)", () => {
    let missed = 0;
    let tried = 0;
    for (const lei of VALID_LEI) {
      for (let at = 0; at < 18; at++) {
        for (const character of LEI_ALPHABET) {
          if (/[0-9]/.test(character) === /[0-9]/.test(lei.charAt(at))) continue;
          tried += 1;
          if (leiFault(replaced(lei, at, character)) === null) missed += 1;
        }
      }
    }
    expect(leiFault("HWUP0R0MPOU8FGXBT394")).toBeNull();
    expect(missed / tried).toBeLessThan(0.02);
  });

  it("says what is wrong", () => {
    expect(leiFault("5493001KJTIIGC8Y1R1")).toBe("LENGTH");
    expect(leiFault("5493001kjtiigc8y1r12")).toBe("CHARACTER");
    expect(leiFault("5493001KJTIIGC8Y1R13")).toBe("CHECK_DIGIT");
  });
});

describe("legal ids", () => {
  it("are checked by their scheme; a scheme without a check is taken as it is", () => {
    expect(legalIdFault({ scheme: "USCC", value: "91110000100000001X" })).toBe("CHECK_DIGIT");
    expect(legalIdFault({ scheme: "LEI", value: VALID_LEI[0] as string })).toBeNull();
    expect(legalIdFault({ scheme: "VAT", value: "DK12345678" })).toBeNull();
  });
});
