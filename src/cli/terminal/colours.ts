import { styleText } from 'node:util';

type Paint = (text: string) => string;

export type Colours = Record<'bold' | 'dim' | 'red' | 'green' | 'yellow', Paint>;

const paint =
  (format: keyof Colours, enabled: boolean): Paint =>
  (text) =>
    enabled ? styleText(format, text, { validateStream: false }) : text;

export const coloursFor = (enabled: boolean): Colours => ({
  bold: paint('bold', enabled),
  dim: paint('dim', enabled),
  red: paint('red', enabled),
  green: paint('green', enabled),
  yellow: paint('yellow', enabled),
});
