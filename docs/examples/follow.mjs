// Prints the answers of a conversation as they are written. Each piece is printed once, across lost connections and restarts.
// Usage: SWITCHBOARD=http://127.0.0.1:8000 SWITCHBOARD_AUTH=user:password node follow.mjs CONVERSATION [CURSOR]
const { SWITCHBOARD, SWITCHBOARD_AUTH } = process.env;
const headers = { authorization: `Basic ${btoa(SWITCHBOARD_AUTH)}` };
const [, , conversation, from = '0'] = process.argv;
let cursor = Number(from);
for (;;) {
  try {
    const url = `${SWITCHBOARD}/api/conversations/${conversation}/events?after=${cursor}`;
    const response = await fetch(url, { headers });
    let text = '';
    for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
      const frames = (text + piece).split('\n\n');
      text = frames.pop();
      for (const frame of frames) {
        const data = frame.match(/^data: (.*)$/m)?.[1];
        if (!data) continue;
        const event = JSON.parse(data);
        cursor = event.id ?? cursor; // `shutdown`, the last event before a restart, has none.
        if (event.type === 'text.delta') process.stdout.write(event.text);
        if (event.type === 'turn.completed') process.stdout.write(`\n[${cursor}]\n`);
        if (event.type === 'reset') process.stdout.write(`${event.conversation.turn?.text ?? ''}`);
      }
    }
  } catch {
    // The connection was lost: continue from the cursor.
  }
  await new Promise((resolve) => setTimeout(resolve, 500));
}
