import { expect } from 'vitest';
import { parseRoute } from '../../../../frontend/state/route.ts';
import { verifies } from '../../../requirement/verifies.ts';

verifies('page.find', 'parses an address', () => {
  expect(parseRoute('/')).toEqual({ name: 'chat', id: null });
  expect(parseRoute('/c/a%20b')).toEqual({ name: 'chat', id: 'a b' });
  expect(parseRoute('/c/%E0%A4%A')).toEqual({ name: 'chat', id: '%E0%A4%A' });
  expect(parseRoute('/settings/rules')).toEqual({ name: 'settings', id: 'rules' });
});
