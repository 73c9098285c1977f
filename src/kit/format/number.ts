/** Digits that an integer may have: Python's own limit for turning text into an integer. */
const MAX_INTEGER_DIGITS = 4300;

/**
 * A float as Python's `repr` prints it (`2.0`, `1e-05`, `1e+16`, `-0.0`), with YAML's `.nan`, `.inf`, `-.inf`.
 * Both languages print the shortest digits that read back; they differ only in when they switch to an exponent.
 */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return '.nan';
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [mantissa = '', exponentText = ''] = value.toExponential().split('e');
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 16) {
    const digits = String(Math.abs(exponent)).padStart(2, '0');
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${digits}`;
  }
  const plain = String(value);
  if (plain.includes('e')) return spellOut(mantissa, exponent);
  return plain.includes('.') ? plain : `${plain}.0`;
}

/** `1.5`, −6 → `0.0000015`: where JavaScript would use an exponent and Python does not. */
function spellOut(mantissa: string, exponent: number): string {
  const sign = mantissa.startsWith('-') ? '-' : '';
  const digits = mantissa.replace(/[-.]/g, '');
  return exponent < 0
    ? `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`
    : `${sign}${digits.padEnd(exponent + 1, '0')}.0`;
}

/** What YAML 1.2 does not count as printable and JSON does not escape by itself. */
const UNPRINTABLE = /[\u007f-\u0084\u0086-\u009f\ufffe\uffff]/;
const ALL_UNPRINTABLE = new RegExp(UNPRINTABLE, 'g');

/** A text in JSON's quotes, valid UTF-8 and printable: lone surrogates and control characters are escaped. */
export function quoteText(text: string): string {
  const quoted = JSON.stringify(text);
  if (!UNPRINTABLE.test(quoted)) return quoted;
  return quoted.replace(ALL_UNPRINTABLE, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * Reads an integer of any base that JavaScript knows (`12`, `0x1f`, `0o17`, `0b1`).
 * @returns `undefined` when it has more digits than {@link MAX_INTEGER_DIGITS}.
 */
export function readInteger(text: string): bigint | undefined {
  if (text.length > MAX_INTEGER_DIGITS + 3) return undefined;
  const negative = text.startsWith('-');
  const digits = negative || text.startsWith('+') ? text.slice(1) : text;
  const value = BigInt(digits);
  return negative ? -value : value;
}
