// The Vercel AI SDK through the proxy, with its own tool loop: each provider package on each API that it speaks.
import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, isStepCount, jsonSchema, streamText, tool } from 'ai';
import { given, report, thrown, tools } from './common.mjs';

globalThis.AI_SDK_LOG_WARNINGS = false;
const baseURL = `${given.url}/v1`;
const executed = Object.fromEntries(
  tools.map(({ name, description, schema, run }) => [
    name,
    tool({ description, inputSchema: jsonSchema(schema), execute: async () => run() }),
  ]),
);

async function run(options, stream) {
  if (!stream) return generateText(options);
  let failure;
  const result = streamText({ ...options, onError: ({ error }) => (failure = error) });
  await result.consumeStream();
  if (failure) throw failure;
  return result;
}

/** A surface for the models that `provider({ key })(name)` makes; `thinking` is how its users switch reasoning on. */
function surface(provider, { thinking, more = {} }) {
  const options = ({ key, model }) => ({ model: provider({ apiKey: key, baseURL })(model), maxRetries: 0 });
  return {
    async answer(how) {
      const result = await run({ ...options(how), prompt: given.prompt, providerOptions: thinking }, how.stream);
      return {
        text: await result.text,
        thinking: (await result.reasoningText) ?? null,
        usage: (await result.usage).totalTokens,
      };
    },
    async roundTrip(how) {
      const result = await run(
        { ...options(how), prompt: given.call_prompt, tools: executed, stopWhen: isStepCount(2), providerOptions: more },
        how.stream,
      );
      const [first, second] = await result.steps;
      return { calls: first.toolCalls.map((call) => [call.toolName, call.input]), text: second.text };
    },
  };
}

const stateless = {
  openai: {
    store: false,
    include: ['reasoning.encrypted_content'],
    reasoningEffort: 'low',
    reasoningSummary: 'auto',
    forceReasoning: true,
  },
};
await report({
  chat: surface((settings) => createOpenAI(settings).chat, { thinking: undefined }),
  compatible: surface((settings) => createOpenAICompatible({ name: 'e2ee', includeUsage: true, ...settings }), {
    thinking: { e2ee: { chat_template_kwargs: { thinking: true } } },
  }),
  responses: surface((settings) => createOpenAI(settings).responses, { thinking: stateless, more: stateless }),
  messages: surface((settings) => createAnthropic(settings), { thinking: { anthropic: { thinking: { type: 'adaptive' } } } }),
});
