type Paint = (text: string) => string;

/** SGR codes that begin and end each style. Not `util.styleText`: loading `node:util` takes 4 ms. */
const styles = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], yellow: [33, 39] } as const;

export type Colours = Record<keyof typeof styles, Paint>;

const paint = (style: keyof Colours, enabled: boolean): Paint => {
  const [begin, end] = styles[style];
  return (text) => (enabled && text !== '' ? `\u001b[${begin}m${text}\u001b[${end}m` : text);
};

export const coloursFor = (enabled: boolean): Colours => ({
  bold: paint('bold', enabled),
  dim: paint('dim', enabled),
  red: paint('red', enabled),
  green: paint('green', enabled),
  yellow: paint('yellow', enabled),
});
