import { z } from 'zod';
import { ConvId } from './common.ts';
import { PromptOutcome } from './prompt.ts';
import { AddDevice, Delivery, PushDevice, PushSettings } from './push.ts';

const DeviceParams = z.object({ id: z.string().min(1).max(64) });

/** The shapes of the routes of `pushRoutes`. */
export const pushEndpoints = {
  readPush: {
    response: z.object({
      public_key: z.string().describe('the applicationServerKey of PushManager.subscribe()'),
      settings: PushSettings,
      devices: z.array(PushDevice),
      deliveries: z.array(Delivery).describe('the newest first'),
    }),
  },
  changePush: { body: PushSettings.partial().strict(), response: PushSettings },
  addDevice: { body: AddDevice, response: z.object({ device: PushDevice, secret: z.string().nullable() }) },
  removeDevice: { params: DeviceParams, response: z.object({ removed: z.string() }) },
  testDevice: { params: DeviceParams, response: Delivery },
  reportPush: {
    body: z.object({
      notice_id: z.string().max(64),
      endpoint: z.string().max(2000),
      state: z.enum(['shown', 'pressed', 'failed']),
      detail: z.string().max(500).optional(),
    }),
    response: z.object({ noted: z.boolean() }),
  },
  reportSeen: {
    body: z.object({
      seen: z.array(z.object({ conv_id: ConvId, event_id: z.number().int().min(0) })).max(50),
    }),
    response: z.object({ noted: z.number().int() }),
  },
  pressAction: {
    params: z.object({ token: z.string().min(1).max(100) }),
    response: z.object({ outcome: PromptOutcome, conv_id: z.string() }),
  },
} as const;
