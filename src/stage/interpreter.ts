/**
 * How a model's script is started, by its file name, else by its first line (without the line end). `bash` means bash
 * where the image has it, else sh: that shows only when the program runs.
 */
export function interpreterFor(scriptFile: string, firstLine: string): readonly string[] {
  if (/\.(?:sh|bash|slurm)$/.test(scriptFile)) return ['bash'];
  if (scriptFile.endsWith('.py')) return ['python3'];
  return fromFirstLine(firstLine) ?? ['sh'];
}

function fromFirstLine(line: string): string[] | undefined {
  const found = /^#!\s*(\/\S+)(?:[ \t]+(\S.*?))?\s*$/.exec(line);
  const program = found?.[1];
  if (program === undefined) return undefined;
  if (/\/bash$/.test(program) && found?.[2] === undefined) return ['bash'];
  // As the kernel does it: all that follows the program is one argument.
  return found?.[2] === undefined ? [program] : [program, found[2]];
}
