/** The data folder cannot be used. The message says why, and the fix. */
export class DataFolderError extends Error {
  override name = 'DataFolderError';
}
