/** The folders of this machine that agents may work in. */
export interface Projects {
  /**
   * The roots, or the folders inside of `path`, by name. `parent` is null where the roots are above it.
   * Throws AppError `project_not_found` or `project_not_allowed`.
   */
  folders(path: string | undefined): Promise<{
    path: string | null;
    parent: string | null;
    folders: { name: string; path: string; is_project: boolean }[];
  }>;
  /** Files of a project whose path matches, best first; without what git ignores. */
  files(project: string, query: string, limit: number): Promise<string[]>;
}
