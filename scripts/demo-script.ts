/** The conversations that the demo starts with. */
export const demoConversations = [
  { id: 'greeter', messages: ['What is in this project?', 'Why does the test fail?'] },
  { id: 'ideas', messages: ['Suggest a name for this tool.'] },
  { id: 'default', messages: ['Hello!'] },
];

/** Conversations in which Claude waits for a person: a permission, a question and a plan. */
export const demoPrompts = [
  { id: 'run-tests', permission_mode: 'default', message: 'Run the tests.' },
  { id: 'greeting', permission_mode: 'default', message: 'Which greeting shall we use? Ask me.' },
  { id: 'translate', permission_mode: 'plan', message: 'Plan how to greet in three languages.' },
];

/** The script with which the model of the demo answers a message (see `readScript` of the scripted API). */
export function demoScript(message: string, project: string): string | null {
  if (message.includes('[[')) return null;
  if (/run the tests/i.test(message)) {
    return '[[text I will run the test.]][[tool:Bash node greet.test.js]][[text The test has run.]]';
  }
  if (/ask me/i.test(message))
    return '[[ask Which greeting?|Hello|Good day|Ahoy]][[text Good, I will use that one.]]';
  if (/^plan /i.test(message)) {
    const plan = [
      '1. Keep the greetings in a table, by language.',
      '2. Pass the language to greet, with English as the default.',
      '3. Add a test for each.',
    ].join('\n');
    return `[[text I will make a plan first.]][[plan ${plan}]][[text The plan is accepted. The work would start here.]]`;
  }
  if (/what is in/i.test(message)) {
    return [
      '[[text I will look at the files.]][[tool:Bash ls]]',
      '[[text Two files: `greet.js` has one function, and `greet.test.js` calls it and throws if the greeting is wrong.]]',
    ].join('');
  }
  if (/fail|fix|bug/i.test(message)) {
    const file = `${project}/greet.js`;
    return [
      '[[think The test calls greet. I should read it first.]][[text Let me read the code.]]',
      `[[tool:Read ${file}]]`,
      '[[text There is a typing error: `nmae` in place of `name`. I will fix it.]]',
      `[[tool:Edit {"file_path":"${file}","old_string":"nmae","new_string":"name"}]]`,
      '[[tool:Bash git status --short]]',
      '[[text Fixed:\n\n```js\nexport const greet = (name) => "Hello " + name;\n```\n\nThe test passes now.]]',
    ].join('');
  }
  if (/name/i.test(message))
    return '[[text How about Switchboard? It connects you to the right line, and it never hangs up on you.]]';
  if (/slow|long/i.test(message)) return '[[slow 200 60ms]]';
  return [
    '[[text This is the demo: a small script answers instead of a model, through the real Claude Code. ',
    'Try "Why does the test fail?", or "Something long" and then Stop.]]',
  ].join('');
}
