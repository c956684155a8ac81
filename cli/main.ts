#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Argument, Command as Commander, CommanderError, Option } from 'commander';
import { Client } from './client.ts';
import { isOutputClosed } from './closed-output.ts';
import type { Command, Context, OptionRow, Values } from './command.ts';
import { findConnection } from './connection.ts';
import { CliError, exitCodes, UsageError } from './errors.ts';
import { createOutput, type Output } from './output.ts';
import { StandardInput } from './standard-input.ts';
import { StandardStream } from './standard-stream.ts';
import { commands, commonOptions, groups } from './table.ts';

/** This file is built to dist/cli/main.js. */
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

const interrupted = new AbortController();
const errorStream = new StandardStream(process.stderr, {});
// A reader that has seen enough closes the pipe: `switchboard logs x | head`.
const outputStream = new StandardStream(process.stdout, {
  onError(error) {
    if (error.code === 'EPIPE') process.exit(exitCodes.ok);
  },
  isClosed: isOutputClosed(),
});
const input = new StandardInput((text) => errorStream.write(text));

function outputFor({ json, quiet }: Values): Output {
  return createOutput({
    isJson: json === true,
    isQuiet: quiet === true,
    isTerminal: process.stdin.isTTY === true,
    hasColor: process.stdout.isTTY === true && !process.env['NO_COLOR'],
    out: (chunk) => outputStream.write(chunk),
    words: (chunk) => errorStream.write(chunk),
  });
}

function createContext(values: Values): Context {
  const { server, token } = values as { server?: string; token?: string };
  return {
    client: new Client(() => findConnection({ server, token }, process.env), interrupted.signal),
    out: outputFor(values),
    signal: interrupted.signal,
    commands,
    commonOptions,
    input,
  };
}

function createOption(row: OptionRow): Option {
  const option = new Option(row.flags, row.about);
  if (row.choices) option.choices([...row.choices]);
  if (row.default !== undefined) option.default(row.default);
  return option;
}

function addCommand(program: Commander, command: Command, onDone: (code: number) => void): void {
  const parser = program
    .command(command.name)
    .description(command.about)
    .helpGroup(`${groups[command.group]}:`)
    .exitOverride();
  for (const { flags, about, choices } of command.args) {
    const argument = new Argument(flags, about);
    parser.addArgument(choices ? argument.choices([...choices]) : argument);
  }
  for (const row of [...command.options, ...commonOptions]) parser.addOption(createOption(row));
  parser.addHelpText('after', `\nExamples:\n${command.examples.map((line) => `  $ ${line}`).join('\n')}`);
  parser.action(async (...given: unknown[]) => {
    const values = parser.optsWithGlobals() as Values;
    const args = given.slice(0, command.args.length).flat() as string[];
    // A command substitution that printed nothing passes an empty argument.
    const empty = command.args.find(({ flags }, index) => flags.startsWith('<') && args[index] === '');
    if (empty) throw new UsageError(`${empty.flags}: is empty.`);
    onDone(await command.run(createContext(values), args, values));
  });
}

async function main(): Promise<number> {
  let code: number = exitCodes.ok;
  const program = new Commander('switchboard')
    .description('Talk to the coding agents on your machines, and steer them.')
    .version(version)
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (chunk) => outputStream.write(chunk),
      outputError: (chunk, write) => write(chunk),
    })
    .helpCommand('help [command]', 'Display help for a command');
  for (const { flags, about } of commonOptions) program.option(flags, about);
  for (const command of commands) {
    addCommand(program, command, (result) => {
      code = result;
    });
  }
  try {
    await program.parseAsync();
    return code;
  } catch (error) {
    if (interrupted.signal.aborted) return exitCodes.interrupted;
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    if (!(error instanceof UsageError || error instanceof CliError)) throw error;
    errorStream.write(`error: ${error.message}\n`);
    return error instanceof UsageError ? exitCodes.usage : exitCodes.failed;
  }
}

process.once('SIGINT', () => {
  interrupted.abort();
  // Whatever is still pending is abandoned.
  setTimeout(() => process.exit(exitCodes.interrupted), 200).unref();
});

const isServing = process.argv[2] === 'serve';
process.exitCode = await main();
if (!isServing) {
  const writeError = await outputStream.finish();
  if (writeError) {
    errorStream.write(`error: The output could not be written (${writeError.code ?? writeError.message}).\n`);
    process.exitCode ||= exitCodes.failed;
  }
  await errorStream.finish();
  // Standard input, or a connection that is kept, must not keep the process alive.
  process.stdin.destroy();
  process.exit();
}
