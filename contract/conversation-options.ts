import { z } from 'zod';
import {
  ConvId,
  Effort,
  ExtraArgs,
  ModelName,
  NoticeKind,
  PermissionMode,
  ProjectPath,
  SessionId,
  TerminalMessages,
} from './common.ts';

type Option = {
  /** What a person may set. */
  value: z.ZodType;
  /** What sessions.json and answers may hold, if that is more. */
  stored?: z.ZodType;
  /** The value of a conversation that does not set it. `null`: the server's settings, or else the agent, decide. */
  default?: unknown;
  /** `turn`: a message may bring its own value, for its turn alone. */
  scope: 'turn' | 'conversation';
  /**
   * When a change reaches the agent. `never`: only the server uses the option. `now`: an open process takes the new
   * value. `next process`: an open process keeps the old one, and the next turn starts another.
   */
  applies: 'never' | 'now' | 'next process';
  /** Whether a fork takes it over. */
  isCopied: boolean;
  about?: string;
  /** The name in earlier versions. Requests may use it, answers repeat it, and sessions.json keeps it. */
  oldName?: string;
};

/**
 * Everything that can be set on a conversation. Bodies, stored records, summaries and the options of a turn are made
 * from these rows. A new option also needs the code that uses it, and its control on the page.
 */
export const conversationOptions = {
  /** Without a title the id is shown. */
  title: {
    value: z.string().trim().min(1).max(200),
    // A name of the original system has no limit.
    stored: z.string(),
    scope: 'conversation',
    applies: 'never',
    isCopied: true,
  },
  /** Without a project the server's default project is used. */
  project: { value: ProjectPath, scope: 'conversation', applies: 'never', isCopied: true },
  model: {
    value: ModelName,
    default: null,
    scope: 'turn',
    applies: 'now',
    isCopied: true,
  },
  effort: {
    value: Effort,
    default: null,
    scope: 'turn',
    applies: 'now',
    isCopied: true,
  },
  permission_mode: {
    value: PermissionMode,
    default: null,
    scope: 'turn',
    applies: 'now',
    isCopied: true,
  },
  max_cost_usd: {
    value: z.number().positive().max(1_000_000),
    default: null,
    scope: 'conversation',
    applies: 'never',
    isCopied: true,
    about: 'what its turns may cost together, in USD',
  },
  allowed_tools: {
    value: z.string().max(4000),
    default: null,
    scope: 'conversation',
    applies: 'next process',
    isCopied: true,
  },
  extra_args: {
    value: ExtraArgs,
    default: null,
    scope: 'conversation',
    applies: 'next process',
    isCopied: true,
  },
  archived: {
    value: z.boolean(),
    default: false,
    scope: 'conversation',
    applies: 'never',
    isCopied: false,
  },
  pinned: {
    value: z.boolean(),
    default: false,
    scope: 'conversation',
    applies: 'never',
    isCopied: false,
  },
  notify: {
    value: z.array(NoticeKind).max(3),
    default: null,
    scope: 'conversation',
    applies: 'never',
    isCopied: true,
    about: 'what a push is sent for; null: as the settings say',
  },
  terminal_messages: {
    value: TerminalMessages,
    default: 'wait',
    scope: 'conversation',
    applies: 'never',
    isCopied: false,
    about: 'what happens to messages while its session is open in a terminal that was started here',
    oldName: 'desk_messages',
  },
  queue_paused: {
    value: z.boolean(),
    default: false,
    scope: 'conversation',
    applies: 'never',
    isCopied: false,
    about: 'true: queued messages do not start until this is false again, or another message comes',
  },
} as const satisfies Record<string, Option>;

type Rows = typeof conversationOptions;
export type OptionName = keyof Rows;

/** The names of the options whose rows have these values. */
type NameWhere<P extends Partial<Option>> = { [N in OptionName]: Rows[N] extends P ? N : never }[OptionName];
export type TurnOptionName = NameWhere<{ scope: 'turn' }>;
/** The options that a process is started with. */
export type LaunchOptionName = NameWhere<{ applies: 'now' } | { applies: 'next process' }>;
export type AdjustableOptionName = NameWhere<{ applies: 'now' }>;
type RenamedOptionName = NameWhere<{ oldName: string }>;
type OldName = Rows[RenamedOptionName]['oldName'];

/** The names of the options, of those that `isMeant` if it is given. */
export const optionNames = (isMeant: (row: Option) => boolean = () => true): OptionName[] =>
  (Object.keys(conversationOptions) as OptionName[]).filter((name) => isMeant(conversationOptions[name]));

export const turnOptionNames = optionNames(({ scope }) => scope === 'turn') as TurnOptionName[];

/** Makes the shape of an object with a field for each of these options. */
function toShape(names: readonly OptionName[], toField: (row: Option) => z.ZodType): z.core.$ZodLooseShape {
  return Object.fromEntries(
    names.map((name) => {
      const row: Option = conversationOptions[name];
      return [name, row.about ? toField(row).describe(row.about) : toField(row)];
    }),
  );
}

type OrNull<N extends OptionName, S extends z.ZodType> = Rows[N] extends { default: null }
  ? z.ZodNullable<S>
  : S;
type StoredSchema<N extends OptionName> = Rows[N] extends { stored: infer S extends z.ZodType }
  ? S
  : Rows[N]['value'];
const orNull = (row: Option, schema: z.ZodType) => (row.default === null ? schema.nullable() : schema);
const storedSchema = (row: Option) => row.stored ?? row.value;

/** The fields with which a conversation is created or changed; null removes a value. */
const settableShape = toShape(optionNames(), (row) => orNull(row, row.value).optional()) as {
  [N in OptionName]: z.ZodOptional<OrNull<N, Rows[N]['value']>>;
};

/** The same fields in requests of earlier versions, by their old names. */
const oldShape = Object.fromEntries(
  renamedOptions().map(([name, oldName]) => [
    oldName,
    settableShape[name].meta({ deprecated: true, description: `use \`${name}\`` }),
  ]),
) as { [N in OldName]: (typeof settableShape)[RenamedOptionName] };

/** What is stored of a conversation's options. A value that is not valid counts as not set. */
export const storedOptionsShape = toShape(optionNames(), (row) =>
  orNull(row, storedSchema(row)).optional().catch(undefined),
) as { [N in OptionName]: z.ZodCatch<z.ZodOptional<OrNull<N, StoredSchema<N>>>> };

/** A conversation's options as they are stored. */
export type StoredOptions = { [N in OptionName]?: z.output<(typeof storedOptionsShape)[N]> };

/** The options in the summary of a conversation, each with its default filled in. */
export const shownOptionsShape = {
  ...(toShape(optionNames(), (row) => orNull(row, storedSchema(row))) as {
    [N in OptionName]: OrNull<N, StoredSchema<N>>;
  }),
  ...(Object.fromEntries(
    renamedOptions().map(([name, oldName]) => [
      oldName,
      storedSchema(conversationOptions[name]).meta({ deprecated: true, description: `use \`${name}\`` }),
    ]),
  ) as { [N in OldName]: Rows[RenamedOptionName]['value'] }),
};

/** What the next turn runs with; null if neither the conversation nor the server's settings say. */
export const effectiveOptionsShape = toShape(turnOptionNames, (row) => storedSchema(row).nullable()) as {
  [N in TurnOptionName]: z.ZodNullable<StoredSchema<N>>;
};

/** The options that a message may bring for its own turn. Null is the same as none, since many clients send that. */
export const turnOptionsShape = toShape(turnOptionNames, ({ value }) =>
  value.nullish().transform((given) => given ?? undefined),
) as {
  [N in TurnOptionName]: z.ZodPipe<
    z.ZodOptional<z.ZodNullable<Rows[N]['value']>>,
    z.ZodTransform<z.output<Rows[N]['value']> | undefined, z.output<Rows[N]['value']> | null | undefined>
  >;
};

const SettableOptions = z.object(settableShape);
/** The options that are set on a conversation. */
export type ConversationOptions = z.output<typeof SettableOptions>;
/** The options that a message set for its own turn. */
export type OwnTurnOptions = { [N in TurnOptionName]?: z.output<Rows[N]['value']> | undefined };

export const CreateConversation = z.object({
  ...settableShape,
  ...oldShape,
  id: ConvId.optional(),
  session_id: SessionId.optional(),
  fork: z
    .boolean()
    .optional()
    .describe('continue with a copy of the session; the session itself stays as it is'),
});

/** Unknown fields are refused, so that no caller believes in a change that was not made. */
export const ChangeConversation = z.strictObject({ ...settableShape, ...oldShape });

/** The options that were renamed: `[name, oldName]` of each. */
function renamedOptions(): [RenamedOptionName, OldName][] {
  return optionNames(({ oldName }) => oldName !== undefined).map((name) => {
    const renamed = name as RenamedOptionName;
    return [renamed, conversationOptions[renamed].oldName];
  });
}

/** An object with each renamed option by its present name. */
export function takeOldNames<T extends object>(given: T): Omit<T, OldName> {
  const taken = { ...given } as Record<string, unknown>;
  for (const [name, oldName] of renamedOptions()) {
    const value = taken[name] ?? taken[oldName];
    delete taken[oldName];
    if (value !== undefined) taken[name] = value;
  }
  return taken as Omit<T, OldName>;
}

/** An object with the value of each renamed option under both names. */
export function addOldNames<T extends StoredOptions>(options: T): T & { [N in OldName]?: unknown } {
  const added = renamedOptions().filter(([name]) => options[name] !== undefined);
  return { ...options, ...Object.fromEntries(added.map(([name, oldName]) => [oldName, options[name]])) };
}

/** An object with each renamed option by its old name only, as sessions.json has it. */
export function replaceByOldNames<T extends StoredOptions>(options: T): Omit<T, RenamedOptionName> {
  const stored: Partial<T> = addOldNames(options);
  for (const [name] of renamedOptions()) delete stored[name];
  return stored as Omit<T, RenamedOptionName>;
}

/** The options of these names that have a value. */
export function pickOptions(options: StoredOptions, names: readonly OptionName[]): StoredOptions {
  const set = names.filter((name) => options[name] !== undefined);
  return Object.fromEntries(set.map((name) => [name, options[name]]));
}

type Output<S extends Record<string, z.ZodType>> = { [N in keyof S]: z.output<S[N]> };

/** The options as a summary shows them: each has a value. */
export function showOptions(
  options: StoredOptions & { title: string; project: string },
): Output<typeof shownOptionsShape> {
  const filled = optionNames().map((name) => {
    const row: Option = conversationOptions[name];
    return [name, options[name] ?? row.default];
  });
  return addOldNames(Object.fromEntries(filled)) as Output<typeof shownOptionsShape>;
}
