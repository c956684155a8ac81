import { expect, test } from 'vitest';
import { matchPagePath } from '../../../contract/page-path.ts';

test('knows every address of the page, with its parameter', () => {
  const cases: Record<string, ReturnType<typeof matchPagePath>> = {
    '/': { screen: 'chat', param: null },
    '/c/a%20b': { screen: 'chat', param: 'a%20b' },
    '/settings': { screen: 'settings', param: null },
    '/settings/': { screen: 'settings', param: null },
    '/settings/rules': { screen: 'settings', param: 'rules' },
    '/sessions': { screen: 'sessions', param: null },
    '/sessions/4c787bb5': { screen: 'sessions', param: '4c787bb5' },
    '/pair': { screen: 'pair', param: null },
    '/share': { screen: 'share', param: null },
  };
  for (const [path, match] of Object.entries(cases)) expect(matchPagePath(path), path).toEqual(match);
});

test('leaves other addresses to the server', () => {
  for (const path of ['/c', '/c/', '/c/a/b', '/settings/a/b', '/api/chat', '/assets/x.js', '/sessionsx'])
    expect(matchPagePath(path), path).toBeNull();
});
