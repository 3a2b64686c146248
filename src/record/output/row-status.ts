/**
 * What a row of a result file says of itself in a column `status`, as files in the form of `perf.csv` do: whoever wrote
 * it knows better than we that its number is none.
 */
export const saysFailure = (status: string | undefined): boolean => /^fail(?:ure|ed)?$/i.test(status ?? '');
