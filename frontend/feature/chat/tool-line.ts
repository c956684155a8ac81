/** What a tool was used on, for one line: the command, the file (from the project on), or what else its input names. */
export function objectOf(input: string, project: string): string {
  try {
    const { command, file_path, pattern, url, description } = JSON.parse(input);
    return String(command ?? file_path ?? pattern ?? url ?? description ?? '')
      .replaceAll(`${project}/`, '')
      .slice(0, 120);
  } catch {
    return ''; // Inputs of more than 8,000 characters come cut.
  }
}
