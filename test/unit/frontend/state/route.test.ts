import { expect } from 'vitest';
import { placeOf } from '../../../../frontend/state/route.ts';
import { verifies } from '../../../requirement/verifies.ts';

verifies('page.find', 'parses an address', () => {
  expect(placeOf('/')).toEqual({ name: 'chat', id: null });
  expect(placeOf('/c/a%20b')).toEqual({ name: 'chat', id: 'a b' });
  expect(placeOf('/c/%E0%A4%A')).toEqual({ name: 'chat', id: '%E0%A4%A' });
  expect(placeOf('/settings/rules')).toEqual({ name: 'settings', part: 'rules' });
});
