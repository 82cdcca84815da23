/** ISO 4217 codes and how many decimals their minor unit has; a currency not listed is not known. */
const EXPONENTS: ReadonlyMap<string, number> = new Map([
  ...of(0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
  ...of(3, "BHD IQD JOD KWD LYD OMR TND"),
  ...of(4, "CLF UYW"),
  ...of(
    2,
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD YER ZAR ZMW ZWG",
  ),
]);

function of(exponent: number, codes: string): readonly (readonly [string, number])[] {
  return codes.split(" ").map((code) => [code, exponent] as const);
}

/** Decimals of the minor unit, undefined for a code that ISO 4217 does not list. */
export function minorUnitsOf(currency: string): number | undefined {
  return EXPONENTS.get(currency);
}

/** Minor units of a decimal text such as "-1234.5"; undefined unless it is one, with no fraction of a minor unit. */
export function parseDecimal(decimal: string, currency: string): bigint | undefined {
  const exponent = EXPONENTS.get(currency);
  const match = /^([+-]?)([0-9]{1,30})(?:\.([0-9]{1,30}))?$/.exec(decimal.trim());
  if (exponent === undefined || match === null) return undefined;
  const fraction = match[3] ?? "";
  if (/[1-9]/.test(fraction.slice(exponent))) return undefined;
  const magnitude = BigInt(`${match[2]}${fraction.slice(0, exponent).padEnd(exponent, "0")}`);
  return match[1] === "-" ? -magnitude : magnitude;
}

/** "1234.50" for people: decimals of the currency, a point, no grouping. */
export function formatMinorUnits(amount: bigint, currency: string): string {
  const exponent = EXPONENTS.get(currency) ?? 0;
  const sign = amount < 0n ? "-" : "";
  const digits = (amount < 0n ? -amount : amount).toString().padStart(exponent + 1, "0");
  return exponent === 0 ? sign + digits : `${sign}${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`;
}
