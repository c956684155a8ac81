/**
 * What the system and runtimes write when memory runs out. Only as they spell it: "killed" in lower case is
 * an ordinary word of a conversation.
 */
const messages =
  /\b(Killed|[Oo]ut of memory|MemoryError|heap out of memory|[Cc]annot allocate memory|OOM)\b/g;

/** The exit code of a shell whose command got SIGKILL. */
export const killedCode = 137;

/** The messages in a text that report too little memory, each once. */
export const findMemoryHints = (text: string): string[] => [...new Set(text.match(messages) ?? [])];

/**
 * Whether a command failed because memory ran out. Exit code 137 alone does not say so: somebody may have
 * killed it.
 */
export const isOutOfMemory = (output: string, { exitCode, isError }: CommandEnd): boolean =>
  (exitCode === killedCode || isError) && findMemoryHints(output).length > 0;

type CommandEnd = { exitCode: number | null; isError: boolean };
