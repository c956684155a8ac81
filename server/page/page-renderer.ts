import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Boot } from '../../contract/boot.ts';
import { toJson } from '../util/json-text.ts';
import type { Page, PagePolicy } from './port.ts';

type Built = { head: string; tail: string; build: string; policy: PagePolicy; worker: string };
type Render = (boot: Boot) => string;

/** No `</script>` and no comment can end the data early. */
const toScriptJson = (value: unknown) => toJson(value).replaceAll('<', '\\u003c');

const policyHash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Takes the built page from a folder; it is read once. */
export function createPage({
  folder,
  warn,
}: {
  folder: string;
  warn(error: unknown, text: string): void;
}): Page {
  let built: Built | null = null;
  let render: Promise<Render | null> | null = null;

  function load(): Built | null {
    const file = join(folder, 'frontend', 'index.html');
    if (built || !existsSync(file)) return built;
    let style = '';
    // In the document itself the style costs no round trip before the first paint.
    const html = readFileSync(file, 'utf8').replaceAll(
      /<link rel="stylesheet"[^>]* href="(\/assets\/[^"]+)"[^>]*>/g,
      (_, href: string) => {
        style += readFileSync(join(folder, 'frontend', href), 'utf8').trim();
        return '';
      },
    );
    const styled = html.replace('</head>', () => `<style>${style}</style></head>`);
    const [head = '', tail = ''] = styled.split('<div id="app"></div>');
    const build = createHash('sha256').update(styled).digest('hex').slice(0, 12);
    const assets = readdirSync(join(folder, 'frontend', 'assets'))
      .map((name) => `/assets/${name}`)
      .join(' ');
    const worker = readFileSync(join(folder, 'frontend', 'sw.js'), 'utf8')
      .replaceAll('__BUILD__', build)
      .replace('__ASSETS__', assets);
    const script = /<script type="module">([^<]*)<\/script>/.exec(html)?.[1] ?? '';
    built = { head, tail, build, worker, policy: { style: policyHash(style), script: policyHash(script) } };
    return built;
  }

  function loadRender(): Promise<Render | null> {
    render ??= import(pathToFileURL(join(folder, 'render', 'render.js')).href).then(
      (module: { renderPage: Render }) => module.renderPage,
      (error) => {
        warn(error, 'server rendering unavailable');
        return null;
      },
    );
    return render;
  }

  /** A fault in drawing must not keep the page from a person: the browser draws it then. */
  async function draw(boot: Boot): Promise<string> {
    try {
      return (await loadRender())?.(boot) ?? '';
    } catch (error) {
      warn(error, 'the first screen could not be drawn');
      return '';
    }
  }

  return {
    build: () => load()?.build ?? null,
    policy: () => load()?.policy ?? null,
    worker: () => load()?.worker ?? '',
    async html(boot, look) {
      const found = load();
      if (!found) return 'The page is not built. Run: npm run build';
      const language = boot?.language ?? 'en';
      const root = `<html lang="${language}" data-theme="${look.theme}" data-size="${look.size}" data-build="${found.build}">`;
      const head = found.head.replace(/<html[^>]*>/, root);
      const data = boot ? `<script type="application/json" id="boot">${toScriptJson(boot)}</script>` : '';
      return `${head}<div id="app">${boot ? await draw(boot) : ''}</div>${data}${found.tail}`;
    },
  };
}
