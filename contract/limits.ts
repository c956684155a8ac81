/** The largest message: the CLI refuses more than 10 MB on its standard input. */
export const maxMessageBytes = 10_000_000;

/** Limits of the files that come with one message; the model's API takes no larger images. */
export const attachmentLimits = { files: 20, bytes: 20_000_000, imageBytes: 5_000_000 } as const;

/** A limit as a person reads it: whole megabytes. */
export const megabytes = (bytes: number): number => bytes / 1_000_000;
