/** The encodings in which secrets show up. */

export const withoutLineEnds = (text: string): string => text.replaceAll(/[\r\n]+/g, '');

/** What a secret may look like in text; all without line ends, which may stand anywhere. */
export function formsOf(value: string): string[] {
  // Line ends around a value often get lost on its way into a variable; without them it is found with them as well.
  const inner = value.replace(/^[\r\n]+|[\r\n]+$/g, '');
  const forms = [...new Set([inner, inner.replaceAll('\r\n', '\n')])].flatMap(encodings);
  // A value with several lines (a key) also shows up line by line.
  forms.push(...value.split(/[\r\n]+/));
  return forms.map(withoutLineEnds);
}

function encodings(value: string): string[] {
  const digits = Buffer.from(value, 'utf8').toString('hex');
  return [
    value,
    JSON.stringify(value).slice(1, -1),
    ...urlEncodings(value),
    ...base64Alignments(value),
    ...base64Lines(value),
    digits,
    digits.toUpperCase(),
  ];
}

/**
 * What encoders leave alone besides letters, digits and `-_.`: `encodeURIComponent`, RFC 3986, forms, Python's `quote`,
 * `encodeURI`; a shell that puts `%` before each byte leaves nothing.
 */
const leftAlone = [/[\w.!~*'()-]/, /[\w.~-]/, /[\w.*-]/, /[\w.~/-]/, /[\w.!~*'();,/?:@&=+$#-]/, /[^\s\S]/];

function urlEncodings(value: string): string[] {
  const upper = leftAlone.map((kept) => percentEncoded(value, kept));
  const both = [...upper, ...upper.map((text) => text.replaceAll(/%../g, (digits) => digits.toLowerCase()))];
  return both.flatMap((text) => [text, text.replaceAll('%20', '+')]);
}

const percentEncoded = (value: string, kept: RegExp): string =>
  [...Buffer.from(value, 'utf8').toString('latin1')]
    .map((character) =>
      kept.test(character)
        ? character
        : `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .join('');

/**
 * What is the same in every base64 text that holds `value` at byte offset 0, 1 or 2 modulo 3: the characters that
 * depend on `value` alone, in the standard and the URL-safe alphabet.
 */
function base64Alignments(value: string): string[] {
  const bytes = Buffer.from(value, 'utf8');
  const found: string[] = [];
  for (let offset = 0; offset < 3; offset++) {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const first = Math.ceil((offset * 8) / 6);
    const last = Math.floor(((offset + bytes.length) * 8) / 6);
    const core = text.slice(first, last);
    found.push(core, core.replaceAll('+', '-').replaceAll('/', '_'));
  }
  return found;
}

/** The lines of a long value that `base64` (76 characters) and `openssl` (64) write of it alone. */
function base64Lines(value: string): string[] {
  const bytes = Buffer.from(value, 'utf8');
  const whole = bytes.toString('base64').slice(0, Math.floor((bytes.length * 8) / 6));
  return [76, 64].flatMap((width) =>
    whole.length > width ? (whole.match(new RegExp(`.{1,${width}}`, 'g')) ?? []) : [],
  );
}
