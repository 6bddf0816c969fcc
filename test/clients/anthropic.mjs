// The `@anthropic-ai/sdk` package through the proxy.
import Anthropic from '@anthropic-ai/sdk';
import { given, report, runTool, textOf, tools } from './common.mjs';

const claudeTools = tools.map(({ name, description, schema }) => ({ name, description, input_schema: schema }));

async function ask({ stream, key, model }, messages, more) {
  const sdk = new Anthropic({ apiKey: key, baseURL: given.url, maxRetries: 0 });
  const body = { model, max_tokens: 2000, messages, thinking: { type: 'adaptive' }, ...more };
  return stream ? sdk.messages.stream(body).finalMessage() : sdk.messages.create(body);
}

const messages = {
  async answer(how) {
    const message = await ask(how, [{ role: 'user', content: given.prompt }]);
    const thinking = message.content.filter((block) => block.type === 'thinking').map((block) => block.thinking);
    return {
      text: textOf(message.content),
      thinking: thinking.join(''),
      usage: message.usage.input_tokens + message.usage.output_tokens,
    };
  },
  async roundTrip(how) {
    const asked = [{ role: 'user', content: given.call_prompt }];
    const first = await ask(how, asked, { tools: claudeTools });
    const uses = first.content.filter((block) => block.type === 'tool_use');
    const results = uses.map((use) => ({ type: 'tool_result', tool_use_id: use.id, content: runTool(use.name) }));
    const second = await ask(
      how,
      [...asked, { role: 'assistant', content: first.content }, { role: 'user', content: results }],
      { tools: claudeTools },
    );
    return { calls: uses.map((use) => [use.name, use.input]), text: textOf(second.content) };
  },
};

await report({ messages });
