/** Check digits of the legal identifiers that name firms. Pure; shared by ledger, gateways and clients. */

/** GB 32100-2015: 31 characters, no I O S V Z; the value is the position. */
const USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY";
/** 3^(i−1) mod 31. */
const USCC_WEIGHTS = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28] as const;
const USCC_LENGTH = 18;
const USCC_DIVISION = /^[0-9]{6}$/;

export type LegalIdFault = "LENGTH" | "CHARACTER" | "CHECK_DIGIT";

/** Trims, raises to upper case and turns full-width digits and letters into half-width ones (全角 → 半角). */
export function normaliseUscc(raw: string): string {
  return raw
    .trim()
    .replace(/[\uFF10-\uFF19\uFF21-\uFF3A\uFF41-\uFF5A]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
    .toUpperCase();
}

/** Why a normalised 统一社会信用代码 is wrong, or null: GB 32100-2015, check character over the first 17. */
export function usccFault(uscc: string): LegalIdFault | null {
  if (uscc.length !== USCC_LENGTH) return "LENGTH";
  let sum = 0;
  for (let index = 0; index < USCC_LENGTH; index++) {
    const value = USCC_ALPHABET.indexOf(uscc[index] as string);
    if (value < 0) return "CHARACTER";
    sum += value * (USCC_WEIGHTS[index] ?? 0);
  }
  if (!USCC_DIVISION.test(uscc.slice(2, 8))) return "CHARACTER";
  return USCC_ALPHABET[(31 - (sum % 31)) % 31] === uscc[USCC_LENGTH - 1] ? null : "CHECK_DIGIT";
}

/** The 18th character for the first 17; undefined if one is not of the alphabet. */
export function usccCheckCharacter(first17: string): string | undefined {
  let sum = 0;
  for (const [index, weight] of USCC_WEIGHTS.entries()) {
    const value = USCC_ALPHABET.indexOf(first17[index] ?? " ");
    if (value < 0) return undefined;
    sum += value * weight;
  }
  return USCC_ALPHABET[(31 - (sum % 31)) % 31];
}

/** Why an LEI is wrong, or null: ISO 17442, ISO 7064 MOD 97-10 over all 20 characters. */
export function leiFault(lei: string): LegalIdFault | null {
  if (lei.length !== 20) return "LENGTH";
  if (!/^[0-9A-Z]{18}[0-9]{2}$/.test(lei)) return "CHARACTER";
  let remainder = 0;
  for (const character of lei) {
    const code = character.charCodeAt(0);
    const value = code <= 57 ? code - 48 : code - 55;
    remainder = (remainder * (value < 10 ? 10 : 100) + value) % 97;
  }
  return remainder === 1 ? null : "CHECK_DIGIT";
}

/** Schemes with a check of their own; any other scheme's value is taken as it is. */
export function legalIdFault(legalId: { readonly scheme: string; readonly value: string }): LegalIdFault | null {
  switch (legalId.scheme) {
    case "USCC":
      return usccFault(legalId.value);
    case "LEI":
      return leiFault(legalId.value);
    default:
      return null;
  }
}

const ORGANISATION_WEIGHTS = [3, 7, 9, 10, 5, 8, 4, 2] as const;

/** Whether the organisation code (GB 11714) in characters 9–17 of a 统一社会信用代码 breaks its own check: a warning, no refusal. */
export function organisationCodeFault(uscc: string): boolean {
  const code = uscc.slice(8, 17);
  let sum = 0;
  for (const [index, weight] of ORGANISATION_WEIGHTS.entries()) {
    const character = code.charCodeAt(index);
    sum += (character <= 57 ? character - 48 : character - 55) * weight;
  }
  const check = 11 - (sum % 11);
  return code[8] !== (check === 10 ? "X" : check === 11 ? "0" : String(check));
}
