/** 75 → "1:15". */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number): string => String(n).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** 12345 → "12,345". */
export const formatCount = (n: number): string => Math.round(n).toLocaleString('en-US');

/** A number of any size, in few characters: "0.0123", "−1.2e−7". */
export function formatNumber(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? '–' : String(value).replace('Infinity', '∞');
  const size = Math.abs(value);
  const text = size !== 0 && (size < 1e-3 || size >= 1e5) ? value.toExponential(digits - 1) : value.toPrecision(digits);
  return (text.includes('e') ? text : String(Number(text))).replaceAll('-', '−');
}

/** A character as a person can see it. */
export function showToken(token: string): string {
  const names: Readonly<Record<string, string>> = { ' ': '␣', '\n': '⏎', '\t': '⇥', '\r': '␍' };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
  return names[token] ?? token.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '·');
}

/** Text that may hold anything, without what would steer its direction or hide. */
export const showText = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
  text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '·');
