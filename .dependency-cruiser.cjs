/** Who may import whom (see CONTRIBUTING.md). `scripts/check.mjs` also fails where too few modules are seen. */
const pure =
  '^server/(transcript/|conversation/(order|outcome|text-so-far|lanes)\\.ts$|prompt/(shell|cover|risk|reply|new-rule|bounded|obeyed|offer|paths)\\.ts$|push/(notice|policy|quiet-hours)\\.ts$|attachment/media-type\\.ts$|work-tree/(ignore-pattern|index-file)\\.ts$|project-file/path\\.ts$)';

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
      from: { path: '^contract/(route|error|reducer|live-parts|waiting|visible|shown-input)\\.ts$' },
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
        'The command knows the contract alone; of that the routes, the reducer and what is shown of an input, since zod would make its start slow.',
      severity: 'error',
      from: { path: '^cli/' },
      to: {
        path: '^(server|frontend|test|scripts)/|^contract/(?!route\\.ts$|route-row\\.ts$|reducer\\.ts$|visible\\.ts$|shown-input\\.ts$)',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'page-takes-types-only',
      severity: 'error',
      from: { path: '^frontend/' },
      to: { path: '^contract/(?!route\\.ts$|error\\.ts$|reducer\\.ts$|visible\\.ts$|shown-input\\.ts$)', dependencyTypesNot: ['type-only'] },
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
    {
      name: 'http-goes-through-the-door',
      severity: 'error',
      from: { path: '^server/http/' },
      to: {
        path: '^server/(conversation/(?!conversations\\.ts$)|(agent|tunnel|host|library|undo|terminal)/(?!port\\.ts$)|store/(?!port\\.ts$|credential-store\\.ts$))',
      },
    },
    {
      name: 'conversations-know-ports-alone',
      severity: 'error',
      from: { path: '^server/conversation/' },
      to: { path: '^server/(http/|host/|library/|(agent|store|tunnel)/(?!port\\.ts$))' },
    },
    {
      name: 'adapters-meet-in-the-composition-root',
      severity: 'error',
      from: { path: '^server/(agent|store|tunnel|host|terminal|library|undo|access|push)/' },
      to: { path: '^server/(agent|store|tunnel|host|terminal|library|undo|access|push|http|conversation)/', pathNot: '^server/$1/|/port\\.ts$' },
    },
    {
      name: 'programs-are-started-in-one-place',
      comment: 'There a start that fails is an error value; anywhere else it could end the server.',
      severity: 'error',
      from: { path: '^server/', pathNot: '^server/child-process\\.ts$' },
      to: { path: '^(node:)?child_process$' },
    },
    {
      name: 'threads-are-started-in-one-place',
      severity: 'error',
      from: { path: '^server/', pathNot: '^server/(thread|library/worker)\\.ts$' },
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
          '^server/(project-file|access|agent|archive|desk|git|library|page|push|store|terminal)/|^server/(attachment/attachments|undo/shadow-folder|host/(project-guard|resolve-file|look-at-paths)|child-process|file-fault|own-folder|open-file-limit|config|main|server)\\.ts$',
      },
      to: { path: '^(node:)?fs(/promises)?$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'git-is-run-in-one-place',
      comment: 'A project decides what git does in it: every git command is built by server/git. These start other programs.',
      severity: 'error',
      from: { path: '^server/', pathNot: '^server/((git|agent|terminal)/|store/folder-owner\\.ts$)' },
      to: { path: '^server/child-process\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'project-files-know-nothing-else',
      severity: 'error',
      from: { path: '^server/project-file/' },
      to: { path: '^server/', pathNot: '^server/project-file/' },
    },
    {
      name: 'work-trees-know-files-and-git',
      severity: 'error',
      from: { path: '^server/work-tree/' },
      to: { path: '^server/', pathNot: '^server/(project-file|work-tree|git)/' },
    },
    {
      name: 'pure-folders-touch-nothing',
      comment: 'No file, process, clock or network in them.',
      severity: 'error',
      from: { path: pure },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'pure-folders-import-pure-ones',
      severity: 'error',
      from: { path: '^server/transcript/' },
      to: { path: '^server/', pathNot: '^server/transcript/' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    exclude: { path: '(^|/)(dist|sessions)/' },
    doNotFollow: { path: 'node_modules' },
  },
};
