/** The user that engine options name last, as an engine reads them; undefined for root, and where they name none. */
export function userAsked(options: readonly string[]): string | undefined {
  const user = options
    .flatMap((word, at) => {
      const [, joined, short] = /^(?:--user(?:=(.*))?|-[itdPq]*u(.*))$/s.exec(word) ?? [];
      if (joined === undefined && short === undefined && word !== '--user') return [];
      return [joined ?? (short?.replace(/^=/, '') || (options[at + 1] ?? ''))];
    })
    .at(-1);
  return user === undefined || /^(?:|root|0+)(?::|$)/.test(user) ? undefined : user;
}
