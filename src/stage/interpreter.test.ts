import { expect, test } from 'vitest';
import { interpreterFor } from './interpreter.ts';

test.each([
  ['run.sh', '#!/usr/bin/env python3', ['bash']],
  ['job.slurm', '#!/bin/bash', ['bash']],
  ['run.py', '', ['python3']],
  ['run', '#!/bin/bash', ['bash']],
  ['run', '#!/bin/bash -e', ['/bin/bash', '-e']],
  ['run', '#!/usr/bin/env perl', ['/usr/bin/env', 'perl']],
  ['run', '#! /usr/bin/env -S perl -w \r', ['/usr/bin/env', '-S perl -w']],
  ['run', '#!relative', ['sh']],
  ['run', '\x7fELF', ['sh']],
  ['run', '', ['sh']],
])('%s with the first line %j', (file, line, interpreter) => {
  expect(interpreterFor(file, line)).toEqual(interpreter);
});
