/** Folders and files with special names that a program obeys. Hidden ones need no list. */
const names = new Set(
  (
    'claude.md claude.local.md agents.md agents.override.md gemini.md copilot-instructions.md node_modules package.json makefile ' +
    'gnumakefile bsdmakefile justfile taskfile.yml taskfile.yaml rakefile gemfile procfile jenkinsfile vagrantfile dockerfile ' +
    'containerfile brewfile podfile fastfile guardfile cmakelists.txt meson.build build.xml pom.xml build.sbt build.rs cargo.toml ' +
    'setup.py setup.cfg pyproject.toml tox.ini noxfile.py conftest.py pytest.ini sitecustomize.py usercustomize.py manage.py ' +
    'composer.json deno.json deno.jsonc bunfig.toml mise.toml lefthook.yml turbo.json nx.json lerna.json azure-pipelines.yml ' +
    'gradlew mvnw gradlew.bat mvnw.cmd configure git~1 authorized_keys crontab ' +
    // Without a HEAD git takes no folder for a repository, whatever else is in it.
    'head jakefile tasks.py fabfile.py dodo.py wscript sconstruct sconscript snakefile tiltfile earthfile dangerfile appfile ' +
    'mix.exs rebar.config project.clj deps.edn build.zig package.swift build.ninja makefile.pl build.pl makefile.am configure.ac ' +
    'cmakepresets.json config.ru build.bazel module.bazel workspace.bazel gradle.properties nuget.config msbuild.rsp ' +
    'directory.build.props directory.build.targets global.json pnpmfile.js pnpmfile.cjs pnpm-workspace.yaml nodemon.json ' +
    'wrangler.toml netlify.toml devbox.json opencode.json codex.md warp.md conventions.md bashrc zshrc profile vimrc _vimrc'
  ).split(' '),
);

const patterns =
  /\.(config|conf)\.[cm]?[jt]sx?$|^(gulpfile|gruntfile)\.|\.(mk|pth|nix|cmake|bzl|gradle|gemspec|cabal|nimble|csproj|fsproj|vbproj|code-workspace|sublime-project|desktop|service|timer|socket|plist)$|^(docker-)?compose.*\.ya?ml$|^(build|settings)\.gradle(\.kts)?$|^dockerfile\./;

/** No file system has longer names, and sorting combining marks takes quadratic time. */
const maxName = 1024;

/** A name as the most forgiving file system takes it: letter case, points and spaces at the end, streams, invisible characters. */
export const plainName = (name: string): string =>
  name
    .slice(0, maxName)
    .normalize('NFKC')
    .replaceAll(/\p{Default_Ignorable_Code_Point}/gu, '')
    .replace(/:.*$/s, '')
    .replace(/(?<![. ])[. ]+$/, '')
    .toLowerCase();

/**
 * Whether the content of a file is obeyed or run by the agent, git, an editor or a shell: hidden files and folders,
 * and those that have a name for it. `path` is seen from the project, or whole if it lies outside.
 */
export function isObeyedName(path: string): boolean {
  return path.split('/').some((step) => {
    if (step === '' || step === '.' || step === '..') return false;
    const name = plainName(step);
    return (
      name === '' ||
      step.trim().startsWith('.') ||
      name.startsWith('.') ||
      names.has(name) ||
      patterns.test(name)
    );
  });
}
