import { join } from 'node:path';
import preact from '@preact/preset-vite';
import { defineConfig, type Plugin, type UserConfig } from 'vite';
import { routes } from './contract/route.ts';

const frontend = join(import.meta.dirname, 'frontend');

/** What ships a binary of its own, or asks for its own file name, stays outside of the server's bundle. */
const external = ['libsql', '@ngrok/ngrok', 'write-file-atomic'];

/** A browser needs of each route how it is called; what the documentation says of it would cost 4 KB. */
const slimRoutes: Plugin = {
  name: 'slim-routes',
  transform(_code, id) {
    if (!id.endsWith('/contract/route.ts')) return null;
    const slim = Object.entries(routes).map(([name, { method, path }]) => [name, { method, path }]);
    return { code: `export const routes = ${JSON.stringify(Object.fromEntries(slim))};`, map: null };
  },
};

/**
 * What the server has drawn is to be seen first, from its end: fetching and reading the scripts takes a phone as long as
 * drawing it. A page that is not seen draws no frame. What is pressed before the scripts are there is noted for them.
 * Where one cannot be had the page is loaded anew as soon as it can: browsers remember that an import has failed.
 */
const afterFirstFrame = (parts: readonly string[]) => `
const parts=${JSON.stringify(parts)};
document.querySelector('.messages')?.scrollTo(0,1e9);
window.early=[];
addEventListener('click',window.noteEarly=({target})=>{const button=target.closest?.('button[type=button]');if(button)early.push(button)},true);
const load=()=>Promise.all(parts.map(part=>import(part))).catch(()=>setTimeout(again,2000));
const again=()=>Promise.all(parts.map(part=>fetch(part,{cache:'reload'}).then(({ok})=>{if(!ok)throw 0}))).then(()=>{
sessionStorage.early=document.querySelector('.composer textarea')?.value??'';location.reload()}).catch(()=>setTimeout(again,4000));
if(document.visibilityState==='visible')requestAnimationFrame(()=>setTimeout(load));else load()
`;

/** Has the scripts of the page fetched, beside each other, and run after the first frame. */
const paintFirst: Plugin = {
  name: 'paint-first',
  transformIndexHtml: {
    order: 'post',
    handler(html) {
      const parts: string[] = [];
      const note = (_: string, path: string) => {
        parts.push(path);
        return '';
      };
      return html
        .replaceAll(/<link rel="modulepreload" crossorigin href="([^"]+)">\s*/g, note)
        .replace(/<script type="module" crossorigin src="([^"]+)"><\/script>/, note)
        .replace('</head>', () => `<script type="module">${afterFirstFrame(parts)}</script></head>`);
    },
  },
};

/**
 * Fetches the files of a part into the browser's cache before `import()` reads them there. Runs in the browser. A request
 * that stalls on a dropped connection counts as failed after 20 s.
 */
const fetchFirst = `
const files=new Map();
const fetchFile=file=>{
if(!files.has(file)){const loading=fetch('/'+file,{signal:AbortSignal.timeout(20000)}).then(answer=>{if(!answer.ok)throw new Error(file+': '+answer.status);return answer.arrayBuffer()});
files.set(file,loading);loading.catch(()=>files.delete(file))}
return files.get(file)};
export const __vitePreload=(load,files=[])=>Promise.all(files.map(fetchFile)).then(load);
`;

/**
 * Lets a part of the page be loaded after its first try failed. Browsers remember that an `import()` has failed, and
 * answer each later one with the same failure (Chromium 150; 156 fetches again). A `fetch` can be repeated anywhere.
 */
const repeatableImports: Plugin = {
  name: 'repeatable-imports',
  enforce: 'post',
  transform: (_code, id) => (id === '\0vite/preload-helper.js' ? { code: fetchFirst, map: null } : null),
  writeBundle(_options, bundle) {
    for (const { code, fileName } of Object.values(bundle).filter((file) => file.type === 'chunk')) {
      const count = (text: string) => code.split(text).length - 1;
      if (count('import(') === count('__vite__mapDeps([')) continue;
      this.error(
        `${fileName} imports a part without the list of its files. Import it from a file outside of the chunk "shared".`,
      );
    }
  },
};

/** What the first load needs of what later parts need as well, in one file: each more costs the first frame a request. */
const shared = {
  name: 'shared',
  test: /node_modules[\\/]@?preact|contract[\\/]limits|frontend[\\/]i18n[\\/](messages|plural|en[\\/](common|names))\.ts/,
};

/** The page, as a browser loads it. */
const page: UserConfig = {
  root: frontend,
  plugins: [preact(), slimRoutes, paintFirst, repeatableImports],
  // One style: it stands in the document itself.
  build: {
    cssCodeSplit: false,
    outDir: '../dist/frontend',
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    rolldownOptions: { output: { codeSplitting: { groups: [shared] } } },
  },
};

/** Its service worker: one file under a name that stays, without parts that the page has. */
const worker: UserConfig = {
  root: frontend,
  plugins: [slimRoutes],
  publicDir: false,
  build: {
    outDir: '../dist/frontend',
    emptyOutDir: false,
    target: 'es2022',
    lib: { entry: 'sw/sw.ts', formats: ['iife'], name: 'worker', fileName: () => 'sw.js' },
  },
};

/** The page once more, for the server to draw its first screen by. */
const render: UserConfig = {
  root: frontend,
  plugins: [preact()],
  publicDir: false,
  build: {
    ssr: 'render.tsx',
    outDir: '../dist/render',
    emptyOutDir: true,
    target: 'node20',
    rolldownOptions: { output: { entryFileNames: 'render.js' } },
  },
  ssr: { noExternal: true },
};

/** The server in one file, which starts faster than its hundreds of modules. */
const server: UserConfig = {
  root: import.meta.dirname,
  build: {
    ssr: 'server/main.ts',
    outDir: 'dist/server',
    target: 'node20',
    sourcemap: true,
    emptyOutDir: true,
    rolldownOptions: { output: { entryFileNames: 'main.js' } },
  },
  ssr: { noExternal: true, external },
};

/** The thread that keeps the index of the transcripts. */
const sessionIndex: UserConfig = {
  ...server,
  build: {
    ...server.build,
    ssr: 'server/session-index/worker.ts',
    emptyOutDir: false,
    rolldownOptions: { output: { entryFileNames: 'session-index.js' } },
  },
};

/** The `switchboard` command. */
const cli: UserConfig = {
  ...server,
  build: { ...server.build, ssr: 'cli/main.ts', outDir: 'dist/cli', sourcemap: false },
};

/** `development` is the mode in which knip reads this file. */
const builds: Readonly<Record<string, UserConfig>> = {
  production: page,
  development: page,
  page,
  worker,
  render,
  server,
  'session-index': sessionIndex,
  cli,
};

/** `mode` names what is built. */
export default defineConfig(({ mode }) => {
  const build = builds[mode];
  if (!build)
    throw new Error(
      `There is no build ${JSON.stringify(mode)}: use one of ${Object.keys(builds).join(', ')}.`,
    );
  return build;
});
