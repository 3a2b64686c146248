import { expect, test } from 'vitest';
import { captureMode } from './capture-mode.ts';

const mode = (values: Record<string, unknown>, sysEnvDetails = true) =>
  captureMode({ values, origins: {} }, { sysEnvDetails });

test("the context's word counts over the option's, and lite is what nobody chose", () => {
  expect([mode({}), mode({ rocenv_mode: 'full' }), mode({}, false)]).toEqual(['lite', 'full', undefined]);
  expect(mode({ gen_sys_env_details: false })).toBeUndefined();
  expect(mode({ gen_sys_env_details: true }, false)).toBe('lite');
});
