const { serverFolders } = require('./scripts/folders.cjs');

const pure =
  '^server/(transcript/|conversation/(pick-next|state|turn/(result|streamed-text))\\.ts$|prompt/(shell|rule-match|risk|reply|new-rule|bounded|obeyed|offer|paths)\\.ts$|push/(notification|policy|quiet-hours)\\.ts$|attachment/media-type\\.ts$|work-tree/(ignore-pattern|index-file)\\.ts$|project-file/path\\.ts$)';

const asPattern = (path) => path.replaceAll('.', '\\.').replace(/\.ts$/, '.ts$');

/** One rule for each folder of the server. The files beside them compose the server and may import all of it. */
const folderRules = Object.entries(serverFolders).map(([name, { imports }]) => ({
  name: `imports-of-${name}`,
  severity: 'error',
  from: { path: `^server/${name}/` },
  to: {
    path: '^server/',
    pathNot: `^server/(${[`${name}/`, 'util/', 'app-error.ts', ...imports].map(asPattern).join('|')})`,
  },
}));

/** Who may import whom (see CONTRIBUTING.md). `scripts/check.mjs` also fails if too few modules are seen. */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'contract-imports-zod-alone',
      severity: 'error',
      from: { path: '^contract/' },
      to: { pathNot: '^(contract/|node_modules/zod/)' },
    },
    {
      name: 'page-data-has-no-zod',
      comment: 'The page takes values from these: zod would cost it 22 KB.',
      severity: 'error',
      from: {
        path: '^contract/(route|error|client|page-path|turn-state|limits|reducer|live-parts|waiting|visible|shown-input)\\.ts$',
      },
      to: { path: 'zod', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'page-knows-the-contract-alone',
      severity: 'error',
      from: { path: '^frontend/' },
      to: { path: '^(server|test|scripts|cli)/' },
    },
    {
      name: 'command-is-a-client',
      comment:
        'The command imports the contract only, and values only from its modules without zod, which would slow its start.',
      severity: 'error',
      from: { path: '^cli/' },
      to: {
        path: '^(server|frontend|test|scripts)/|^contract/(?!(route|route-row|client|limits|turn-state|reducer|visible|shown-input)\\.ts$)',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'page-takes-types-only',
      severity: 'error',
      from: { path: '^frontend/' },
      to: {
        path: '^contract/(?!(route|client|page-path|limits|turn-state|reducer|visible|shown-input)\\.ts$)',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'ui-has-no-product-words',
      severity: 'error',
      from: { path: '^frontend/ui/' },
      to: { path: '^frontend/(api|state|feature)/' },
    },
    {
      name: 'features-do-not-meet',
      severity: 'error',
      from: { path: '^frontend/feature/([^/]+)/' },
      to: { path: '^frontend/feature/', pathNot: '^frontend/feature/$1/' },
    },
    {
      name: 'server-knows-no-page',
      severity: 'error',
      from: { path: '^server/' },
      to: { path: '^(frontend|test|scripts|cli)/' },
    },
    {
      name: 'nothing-imports-tests',
      severity: 'error',
      from: { pathNot: '^(test|scripts)/' },
      to: { path: '^(test|scripts)/' },
    },
    ...folderRules,
    {
      name: 'agents-are-known-by-their-port',
      comment: 'Only the composition root knows which agents there are.',
      severity: 'error',
      from: { path: '^server/', pathNot: '^server/(agent/|compose/|server\\.ts$)' },
      to: { path: '^server/agent/[^/]+/' },
    },
    {
      name: 'programs-are-started-in-one-place',
      comment: 'There a start that fails is an error value; anywhere else it could end the server.',
      severity: 'error',
      from: { path: '^server/', pathNot: '^server/util/child-process\\.ts$' },
      to: { path: '^(node:)?child_process$' },
    },
    {
      name: 'threads-are-started-in-one-place',
      severity: 'error',
      from: { path: '^server/', pathNot: '^server/(util/thread|session-index/worker)\\.ts$' },
      to: { path: '^(node:)?worker_threads$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'project-files-go-through-one-module',
      comment:
        'Whatever is in a project is read and written by server/project-file alone, which follows no link. These folders deal with the data folder, the agent, and the files of the package.',
      severity: 'error',
      from: {
        path: '^server/',
        pathNot:
          '^server/(project-file|access|agent|git|page|push|session-index|session-record|store|terminal|transcript-file|util)/|^server/(attachment/attachments|undo/shadow-folder|project/(project-guard|resolve-file|inspect-paths)|config|main|server)\\.ts$',
      },
      to: { path: '^(node:)?fs(/promises)?$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'git-is-run-in-one-place',
      comment:
        'A project decides what git does in it: every git command is built by server/git. These start other programs.',
      severity: 'error',
      from: { path: '^server/', pathNot: '^server/((git|agent|terminal)/|store/folder-owner\\.ts$)' },
      to: { path: '^server/util/child-process\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'pure-folders-touch-nothing',
      comment: 'No file, process, clock or network in them.',
      severity: 'error',
      from: { path: pure },
      to: { dependencyTypes: ['core'] },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    exclude: { path: '(^|/)(dist|sessions)/' },
    doNotFollow: { path: 'node_modules' },
  },
};
