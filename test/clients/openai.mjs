// The `openai` package through the proxy: chat completions and responses.
import OpenAI from 'openai';
import { given, report, runTool, tools } from './common.mjs';

const sdk = (key) => new OpenAI({ apiKey: key, baseURL: `${given.url}/v1`, maxRetries: 0 });

// --- chat completions ---

const chatTools = tools.map(({ name, description, schema }) => ({
  type: 'function',
  function: { name, description, parameters: schema },
}));

async function chat({ stream, key, model }, messages, more) {
  const body = { model, messages, ...more };
  const completion = stream
    ? await sdk(key)
        .chat.completions.stream({ ...body, stream_options: { include_usage: true } })
        .finalChatCompletion()
    : await sdk(key).chat.completions.create(body);
  return { message: completion.choices[0].message, usage: completion.usage.total_tokens };
}

const chatSurface = {
  async answer(how) {
    const { message, usage } = await chat(how, [{ role: 'user', content: given.prompt }], {
      chat_template_kwargs: { thinking: true },
    });
    return { text: message.content, thinking: message.reasoning_content, usage };
  },
  async roundTrip(how) {
    const messages = [{ role: 'user', content: given.call_prompt }];
    const first = (await chat(how, messages, { tools: chatTools })).message;
    const results = first.tool_calls.map((call) => ({
      role: 'tool',
      tool_call_id: call.id,
      content: runTool(call.function.name),
    }));
    const second = (await chat(how, [...messages, first, ...results], { tools: chatTools })).message;
    return {
      calls: first.tool_calls.map((call) => [call.function.name, JSON.parse(call.function.arguments)]),
      text: second.content,
    };
  },
};

// --- responses ---

const responseTools = tools.map(({ name, description, schema }) => ({
  type: 'function',
  name,
  description,
  parameters: schema,
  strict: false,
}));

async function respond({ stream, key, model }, input, more) {
  const body = { model, input, store: false, ...more };
  const response = await (stream ? sdk(key).responses.stream(body).finalResponse() : sdk(key).responses.create(body));
  if (response.status === 'failed') throw new OpenAI.APIError(undefined, response.error, response.error.message);
  return response;
}

const responsesSurface = {
  async answer(how) {
    const reasoning = { effort: 'high', summary: 'auto' };
    const response = await respond(how, given.prompt, { reasoning });
    const summary = response.output
      .filter((item) => item.type === 'reasoning')
      .flatMap((item) => item.summary.map((part) => part.text));
    return { text: response.output_text, thinking: summary.join(''), usage: response.usage.total_tokens };
  },
  async roundTrip(how) {
    const input = [{ role: 'user', content: given.call_prompt }];
    const include = ['reasoning.encrypted_content'];
    const more = { tools: responseTools, include, reasoning: { effort: 'low', summary: 'auto' } };
    const first = await respond(how, input, more);
    const calls = first.output.filter((item) => item.type === 'function_call');
    const results = calls.map((call) => ({ type: 'function_call_output', call_id: call.call_id, output: runTool(call.name) }));
    const second = await respond(how, [...input, ...first.output, ...results], more);
    return { calls: calls.map((call) => [call.name, JSON.parse(call.arguments)]), text: second.output_text };
  },
};

await report({ chat: chatSurface, responses: responsesSurface });
