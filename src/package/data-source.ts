/** One provider's entry of one name of `data.json`. */
export interface DataSource {
  /** The data's name, such as `model_data`. */
  name: string;
  /** The name of its provider. */
  kind: string;
  /** As written: a path, an `s3://` address, or the script of a package. */
  path: string;
  /** Where the run sees the data, as written; without it a folder is chosen. */
  home?: string;
  readwrite: boolean;
  /** A folder of the machine that keeps data between runs, as written. */
  mirrorlocal?: string;
  /** Arguments of a custom script, as written. */
  args: string;
}
