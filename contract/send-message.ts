import { z } from 'zod';
import { ConvId, ProjectPath, SessionId } from './common.ts';
import { turnOptionsShape } from './conversation-options.ts';
import { optional } from './query.ts';

const Message = z.string().refine((text) => text.trim() !== '', 'must not be empty');
const TimeoutSeconds = z.number().positive().max(86_400);

/** A file that goes with a message; as multipart/form-data each file is a part called `attachments`. */
const Attachment = z.object({
  name: z.string().min(1).max(255),
  media_type: z.string().max(255).optional().describe('what it is; checked against its content'),
  data: z.base64().describe('the content in base64'),
});

/** A message and how its turn runs. */
export const SendMessage = z.object({
  message: Message,
  ...turnOptionsShape,
  timeout_s: optional(TimeoutSeconds),
  literal: optional(z.boolean()).describe('send a message that begins with "/" as text'),
  attachments: optional(z.array(Attachment)).describe(
    'images, PDFs and text for the model; other files are put into the project',
  ),
  json_schema: optional(z.record(z.string(), z.unknown())).describe('a JSON Schema for `structured_output`'),
});

export const AcceptTurn = SendMessage.extend({
  follow: optional(z.boolean()).describe(
    'its events are needed as they happen, even if no client reads them yet',
  ),
  steer: optional(z.boolean()).describe(
    'give it to the running turn at its next step; where none can take it, it goes next',
  ),
  interrupt: optional(z.boolean()).describe('stop the running turn and go next'),
});

export const ChatRequest = SendMessage.extend({
  conv_id: z.preprocess((id) => (id === null || id === '' ? undefined : id), ConvId.default('default')),
  session_id: z.preprocess((id) => id || undefined, SessionId.optional()),
  project: optional(ProjectPath),
  stream: optional(z.boolean()),
});
