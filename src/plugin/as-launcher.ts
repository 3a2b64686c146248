import type { Launched, Launcher } from '../stage/launcher/launcher.ts';
import type { Word } from '../stage/stage.ts';
import { type PluginSource, pluginError, wrongAnswer } from './call.ts';
import type { LauncherPlugin } from './definition.ts';

export const asLauncher = (plugin: LauncherPlugin, source: PluginSource): Launcher => ({
  name: plugin.name,
  launch(launch) {
    let answer: unknown;
    try {
      answer = plugin.launch(structuredClone(launch));
    } catch (thrown) {
      throw pluginError(source, 'launch', thrown);
    }
    return launchedOf(answer, source);
  },
});

/** Scripts use the runner without quotes, so nothing in it may mean something to a shell, nor part a word. */
const runnerText = /^[^\s\p{Cc}"'`$\\*?[\]]*$/u;
const valueText = /^[^\0]*$/;
const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/;
const fileName = /^[A-Za-z0-9][\w.-]{0,100}$/;

function launchedOf(answer: unknown, source: PluginSource): Launched {
  const { runner, env = {}, files = {} } = recordOf(answer, source, '{ runner, env }');
  const expect = (fits: boolean, what: string, found: unknown): void => {
    if (!fits) throw wrongAnswer(source, 'launch', what, found);
  };
  expect(Array.isArray(runner), 'runner: a list of words, such as [word("torchrun")]', runner);
  for (const each of runner as readonly unknown[]) {
    const what = 'runner: words of { text } and { variable } without blanks, quotes and *?[]$\\';
    expect(isWord(each, runnerText), what, each);
  }
  for (const [name, value] of Object.entries(recordOf(env, source, 'env: an object'))) {
    expect(variableName.test(name), 'env: names of variables', name);
    expect(isWord(value, valueText), `env.${name}: a word, such as word("1")`, value);
  }
  for (const [name, content] of Object.entries(recordOf(files, source, 'files: an object'))) {
    expect(fileName.test(name), 'files: plain names', name);
    expect(typeof content === 'string', `files.${name}: text`, content);
  }
  // All that the type says was looked at.
  return { runner, env, files } as Launched;
}

function recordOf(value: unknown, source: PluginSource, what: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Promise))
    return value as Record<string, unknown>;
  throw wrongAnswer(source, 'launch', what, value);
}

const isWord = (value: unknown, text: RegExp): value is Word =>
  Array.isArray(value) &&
  value.every((piece: unknown) => {
    if (typeof piece !== 'object' || piece === null) return false;
    const written = piece as Record<string, unknown>;
    return typeof written.text === 'string'
      ? text.test(written.text)
      : typeof written.variable === 'string' && variableName.test(written.variable);
  });
