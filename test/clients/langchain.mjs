// LangChain JS through the proxy: its OpenAI class on both APIs, and its Anthropic class.
import { ChatAnthropic } from '@langchain/anthropic';
import { HumanMessage, ToolMessage } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
import { given, report, runTool, textOf, tools } from './common.mjs';

async function send(model, messages, stream) {
  if (!stream) return model.invoke(messages);
  let whole;
  for await (const chunk of await model.stream(messages)) whole = whole === undefined ? chunk : whole.concat(chunk);
  return whole;
}

const thinkingOf = (message) =>
  message.contentBlocks
    .filter((block) => block.type === 'reasoning')
    .map((block) => block.reasoning)
    .join('');

function surface(make, bound) {
  return {
    async answer(how) {
      const message = await send(make(how), [new HumanMessage(given.prompt)], how.stream);
      // LangChain knows no response.failed: a response that failed is one that never told its usage.
      if (!message.usage_metadata) throw new Error('the stream ended without its end');
      return { text: textOf(message.content), thinking: thinkingOf(message), usage: message.usage_metadata.total_tokens };
    },
    async roundTrip(how) {
      const model = make(how).bindTools(bound);
      const asked = [new HumanMessage(given.call_prompt)];
      const first = await send(model, asked, how.stream);
      const results = first.tool_calls.map((call) => new ToolMessage({ tool_call_id: call.id, content: runTool(call.name) }));
      const second = await send(model, [...asked, first, ...results], how.stream);
      return { calls: first.tool_calls.map((call) => [call.name, call.args]), text: textOf(second.content) };
    },
  };
}

// By modelKwargs, because the class has a `reasoning` of its own that it only sends for model names of its vendor.
const reasoning = { effort: 'high', summary: 'auto' };
const openai =
  (more) =>
  ({ key, model }) =>
    new ChatOpenAI({ model, apiKey: key, maxRetries: 0, configuration: { baseURL: `${given.url}/v1` }, ...more });
const claude = ({ key, model }) =>
  new ChatAnthropic({
    model,
    apiKey: key,
    maxRetries: 0,
    anthropicApiUrl: given.url,
    maxTokens: 2000,
    thinking: { type: 'adaptive' },
  });
const functions = tools.map(({ name, description, schema }) => ({
  type: 'function',
  function: { name, description, parameters: schema },
}));

await report({
  chat: surface(openai({}), functions),
  responses: surface(openai({ useResponsesApi: true, zdrEnabled: true, modelKwargs: { reasoning } }), functions),
  messages: surface(
    claude,
    tools.map(({ name, description, schema }) => ({ name, description, input_schema: schema })),
  ),
});
