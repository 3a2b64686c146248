/** One thing that is wrong; `path` leads to it, such as `docker_env_vars.MY-VAR`. */
export interface KeyProblem {
  path: string;
  says: string;
}

/** The value in the form that the program uses, or what is wrong with it. */
export type Checked = { value: unknown } | { problems: KeyProblem[] };
export type Rule = (value: unknown, path: string) => Checked;
