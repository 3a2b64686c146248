/**
 * Text from packages, images and registries on its way to a terminal: escape sequences could move the cursor, change
 * the title or forge our own lines, and direction marks can show text in another order than it has.
 */

const escapeSequences = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]*[0-~])/g;
const controls = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;
const controlsInBlock =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** Nearly every text is, and a list may have thousands. */
const isPlain = (text: string): boolean => /^[ -~]*$/.test(text);

/** One line: line feeds and tabs become blanks, every other control character is written as an escape. */
export const safeLine = (text: string): string =>
  isPlain(text)
    ? text
    : text
        .replace(/[\r\n\t]+/g, ' ')
        .replace(controls, escaped)
        .toWellFormed();

/** Several lines, such as the output of a build: colours go, a carriage return starts a new line. */
export const safeBlock = (text: string): string =>
  text
    .replace(escapeSequences, '')
    .replace(/\r+\n?/g, '\n')
    .replace(controlsInBlock, escaped)
    .toWellFormed();

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`;
}
