/** Commands that have options in common. */

export const working = ['run', 'build'] as const;
export const measuring = [...working, 'bisect'] as const;
export const running = ['run', 'bisect'] as const;
export const looking = [
  'runs list',
  'runs show',
  'runs diff',
  'runs follow',
  'runs reproduce',
  'runs prune',
] as const;
