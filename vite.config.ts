import preact from '@preact/preset-vite';
import { defineConfig } from 'vite';

/** Two builds: the page (`vite build`) and the server in one file, which starts faster than its hundreds of modules. */
export default defineConfig(({ isSsrBuild }) =>
  isSsrBuild
    ? {
        build: {
          outDir: 'dist/server',
          target: 'node20',
          sourcemap: true,
          emptyOutDir: true,
          rolldownOptions: { output: { entryFileNames: 'main.js' } },
        },
        // What ships a binary of its own, or asks for its own file name, stays outside.
        ssr: { noExternal: true, external: ['libsql', '@ngrok/ngrok', 'write-file-atomic'] },
      }
    : {
        root: 'frontend',
        plugins: [preact()],
        build: { outDir: '../dist/frontend', emptyOutDir: true, target: 'es2022' },
      },
);
