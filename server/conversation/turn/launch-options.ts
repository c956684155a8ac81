import {
  type AdjustableOptionName,
  conversationOptions,
  type LaunchOptionName,
  type OwnTurnOptions,
  optionNames,
  type StoredOptions,
  type TurnOptionName,
  turnOptionNames,
} from '../../../contract/conversation-options.ts';
import type { Launch } from '../../agent/port.ts';
import type { TurnOptions } from '../../store/port.ts';

/** The options of a conversation that sets none. */
export type RunDefaults = {
  permissionMode: string;
  allowedTools: string;
  model: string | null;
  extraArgs: readonly string[];
  timeoutS: number;
};

/** The field of `Launch` that each option sets. */
const launchFields = {
  model: 'model',
  effort: 'effort',
  permission_mode: 'permissionMode',
  allowed_tools: 'allowedTools',
  extra_args: 'extraArgs',
} as const satisfies Record<LaunchOptionName, keyof Launch>;

type FieldOf<N extends LaunchOptionName> = (typeof launchFields)[N];
export type LaunchOptions = Pick<Launch, FieldOf<LaunchOptionName>>;
/** The options that a running process can change. */
export type AdjustableOptions = Partial<Pick<Launch, FieldOf<AdjustableOptionName>>>;

const launchNames = Object.keys(launchFields) as LaunchOptionName[];
const adjustableNames = optionNames(({ applies }) => applies === 'now') as AdjustableOptionName[];

/** An option's value for one turn: the turn's own, or else the conversation's, or else the server's. */
function resolveOption(
  name: LaunchOptionName,
  { options, own, defaults }: { options: StoredOptions; own: OwnTurnOptions; defaults: RunDefaults },
): unknown {
  const ownValue = conversationOptions[name].scope === 'turn' ? own[name as TurnOptionName] : undefined;
  return ownValue ?? options[name] ?? (defaults as Partial<LaunchOptions>)[launchFields[name]] ?? null;
}

/** The options that a process is started with. */
export function toLaunchOptions(from: {
  options: StoredOptions;
  own: OwnTurnOptions;
  defaults: RunDefaults;
}): LaunchOptions {
  const values = launchNames.map((name) => [launchFields[name], resolveOption(name, from)]);
  return {
    ...(Object.fromEntries(values) as LaunchOptions),
    // The only option that adds to the server's value instead of replacing it.
    extraArgs: [...from.defaults.extraArgs, ...(from.options.extra_args ?? [])],
  };
}

/** What the next turn of a conversation runs with, as its summary says it. */
export function toEffectiveOptions(options: StoredOptions, defaults: RunDefaults) {
  const values = turnOptionNames.map((name) => [name, resolveOption(name, { options, own: {}, defaults })]);
  return Object.fromEntries(values) as { [N in TurnOptionName]: Exclude<StoredOptions[N], undefined> } & {
    permission_mode: string;
  };
}

/** Of the changed options those that a running process takes, with their new values. A turn keeps its own options. */
export function toAdjustments(
  { options, own, defaults }: { options: StoredOptions; own: OwnTurnOptions; defaults: RunDefaults },
  changed: readonly string[],
): AdjustableOptions {
  const launch = toLaunchOptions({ options, own: {}, defaults });
  const names = adjustableNames.filter((name) => changed.includes(name) && own[name] === undefined);
  return Object.fromEntries(names.map((name) => [launchFields[name], launch[launchFields[name]]]));
}

/** A message with its own options cannot steer a turn that runs with others. */
export const canSteer = (options: TurnOptions): boolean =>
  options.steer === true &&
  options.json_schema === undefined &&
  turnOptionNames.every((name) => options[name] === undefined);
